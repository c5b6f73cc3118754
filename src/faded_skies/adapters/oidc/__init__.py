"""Sign-in with another house's account: OpenID Connect Core 1.0, code flow with PKCE, over httpx and PyJWT."""

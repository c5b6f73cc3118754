"""Passkeys: WebAuthn Level 3, over py_webauthn."""

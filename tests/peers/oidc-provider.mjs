// The certified OpenID provider "oidc-provider" with one client, people who are called what they type, and new keys at
// each start. Arguments: port, and the client as JSON.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { Provider } from "oidc-provider";

const [port, client] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [JSON.parse(client)],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" }] },
  cookies: { keys: [randomUUID()] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: false, // else the claims would be at its userinfo endpoint only
  pkce: { required: () => true },
  findAccount: (_, login) => ({
    accountId: login,
    claims: () => ({
      sub: login,
      email: `${login}@example.com`,
      email_verified: !login.startsWith("unconfirmed"),
      name: "Maya Okafor",
    }),
  }),
});
createServer(provider.callback()).listen(Number(port), "127.0.0.1");

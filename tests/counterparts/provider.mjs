// A certified OpenID provider with two people, who sign in by name.
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const key = (kid) => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
};

const provider = new Provider(issuer, {
  clients: [{ client_id: "client", client_secret: "secret", redirect_uris: [redirect] }],
  claims: { email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
  cookies: { keys: ["a key of this test"] },
  jwks: { keys: [key("first")] },
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({
      sub: name,
      email: `${name}@example.com`,
      email_verified: true,
      preferred_username: name,
    }),
  }),
});
provider.listen(port, "127.0.0.1");

// A certified OpenID provider. People sign in by name, and have addresses of one domain.
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const [port, app, kid, domain] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const key = (kid) => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
};

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "client",
      client_secret: "secret",
      redirect_uris: [`${app}/oauth/oidc/callback`],
      post_logout_redirect_uris: [app],
      backchannel_logout_uri: `${app}/oauth/oidc/backchannel-logout`,
      backchannel_logout_session_required: true,
    },
  ],
  features: { backchannelLogout: { enabled: true } },
  // Its own dispatcher refuses addresses of this machine.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  claims: { email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
  cookies: { keys: ["a key of this test"] },
  jwks: { keys: [key(kid)] },
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({
      sub: name,
      email: `${name}@${domain}`,
      email_verified: true,
      preferred_username: name,
    }),
  }),
});
provider.listen(port, "127.0.0.1");

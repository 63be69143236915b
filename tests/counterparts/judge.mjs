// Judges the answers of an authenticator as another server would.
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";

let text = "";
for await (const part of process.stdin) text += part;
const { origin, registration, assertion } = JSON.parse(text);
const expected = (options) => ({
  expectedChallenge: options.challenge,
  expectedOrigin: origin,
  expectedRPID: new URL(origin).hostname,
});

const registered = await verifyRegistrationResponse({
  response: registration.credential,
  ...expected(registration.options),
  requireUserPresence: !registration.isOffer,
  requireUserVerification: !registration.isOffer,
});
const { credential } = registered.registrationInfo;
const signed = await verifyAuthenticationResponse({
  response: assertion.credential,
  credential: { ...credential, counter: 0 },
  ...expected(assertion.options),
});
console.log(JSON.stringify({ registered: registered.verified, signed: signed.verified }));

// Solves a puzzle with the library of ALTCHA, and prints the answer of its widget.
import { solveChallenge } from "altcha-lib/v1";

let text = "";
for await (const part of process.stdin) text += part;
const { algorithm, challenge, maxnumber, salt, signature } = JSON.parse(text);

const { number } = await solveChallenge(challenge, salt, algorithm, maxnumber).promise;
const answer = JSON.stringify({ algorithm, challenge, number, salt, signature });
console.log(JSON.stringify(Buffer.from(answer).toString("base64")));

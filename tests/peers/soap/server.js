// A foreign SOAP server: npm's soap, for the operation Ask of notices.wsdl. Prints its port and
// serves until its standard input ends. The request's Number decides what it does.
//
// usage: server.js WSDL VERSION [USER PASSWORD]; with the last two it asks for a UsernameToken with
// a nonce that it has not seen. Its answer says which header blocks came.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const soap = require("soap");

const [file, version, user, password] = process.argv.slice(2);
const seen = new Set();

function text(value) {
  return value && typeof value === "object" ? value.$value : value;
}

function authentic(security) {
  const token = security && security.UsernameToken;
  const expires = security && security.Timestamp && Date.parse(security.Timestamp.Expires);
  if (!token || !(expires > Date.now())) return false;
  const nonce = text(token.Nonce);
  if (seen.has(nonce)) return false;
  seen.add(nonce);
  const said = token.Password;
  const digest = said.attributes.Type.endsWith("#PasswordDigest");
  const all = [Buffer.from(nonce, "base64"), Buffer.from(token.Created), Buffer.from(password)];
  const expected = digest
    ? crypto.createHash("sha1").update(Buffer.concat(all)).digest("base64") : password;
  return token.Username === user && text(said) === expected;
}

function fault(code) {
  const detail = { "b:AskFault": { attributes: { "xmlns:b": "urn:b" }, "b:Code": code } };
  const made = version === "1.2"
    ? { Code: { Value: "soap:Receiver" }, Reason: { Text: "no" }, Detail: detail }
    : { faultcode: "soap:Server", faultstring: "no", detail };
  return { Fault: { ...made, statusCode: 500 } };
}

function ask(request, _callback, headers) {
  if (!/^\d+$/.test(request.Number)) throw fault(request.Number);
  const blocks = Object.entries(headers || {}).filter(([name]) => name !== "Security");
  const shown = blocks.map(([name, value]) => ` ${name}=${text(value)}`).join("");
  return { Answer: `${request.Number} for ${request.Name}${shown}` };
}

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const service = { NoticesService: { NoticesPort: { Ask: ask }, NoticesPort12: { Ask: ask } } };
  const made = soap.listen(server, {
    path: "/", services: service, xml: fs.readFileSync(file, "utf8"),
    forceSoap12Headers: version === "1.2",
  });
  if (user) made.authenticate = authentic;
  console.log(server.address().port);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

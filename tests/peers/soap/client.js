// A foreign SOAP client: npm's soap. Calls one operation and prints a line of JSON:
// {"result": …, "header": …} or {"fault": …, "code": …, "status": …}.
//
// usage: client.js '{"wsdl": URL, "service": …, "port": …, "operation": …, "arguments": {…},
//                   "version": "1.1|1.2", "user": …, "password": …,
//                   "security": "basic|PasswordDigest|PasswordText", "headers": XML}'
"use strict";
const soap = require("soap");

const wanted = JSON.parse(process.argv[2]);

function login() {
  if (wanted.security === "basic") return new soap.BasicAuthSecurity(wanted.user, wanted.password);
  return new soap.WSSecurity(wanted.user, wanted.password,
    { passwordType: wanted.security, hasTimeStamp: true, mustUnderstand: true });
}

function told(error) {
  const fault = error.root && error.root.Envelope && error.root.Envelope.Body.Fault;
  const status = error.response && error.response.status;
  if (!fault) return { fault: String(error.message), status };
  const code = fault.faultcode || fault.Code;
  const detail = fault.detail || fault.Detail;
  return { fault, code, status, refusal: detail && detail.Refusal && detail.Refusal.Code };
}

async function main() {
  const basic = Buffer.from(`${wanted.user}:${wanted.password}`).toString("base64");
  const client = await soap.createClientAsync(wanted.wsdl, {
    wsdl_headers: { Authorization: `Basic ${basic}` },
    forceSoap12Headers: wanted.version === "1.2",
  });
  client.setSecurity(login());
  if (wanted.headers) client.addSoapHeader(wanted.headers);
  const port = client[wanted.service][wanted.port];
  return new Promise((resolve) => {
    port[wanted.operation](wanted.arguments, (error, result, _raw, header) => {
      resolve(error ? told(error) : { result, header });
    });
  });
}

main().then((answer) => console.log(JSON.stringify(answer)), (error) => {
  console.log(JSON.stringify({ fault: String(error), status: null }));
  process.exitCode = 1;
});

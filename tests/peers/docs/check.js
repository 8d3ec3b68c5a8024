// Reads AsyncAPI documents by npm's @asyncapi/parser: node check.js FILE...; prints, as JSON, for
// each the errors that it found and what it understood of it.
'use strict';

const fs = require('fs');
const {Parser, DiagnosticSeverity} = require('@asyncapi/parser');

async function look(file) {
  const {document, diagnostics} = await new Parser().parse(fs.readFileSync(file, 'utf8'));
  // Only what is to be mended: the linter's advice (a licence, tags, the newest version) is not.
  const errors = diagnostics.filter(one => one.severity <= DiagnosticSeverity.Warning &&
                                           one.code !== 'asyncapi-latest-version')
      .map(one => `${one.path.join('.')}: ${one.message}`);
  if (!document) return {errors, operations: []};
  return {
    errors,
    version: document.version(),
    operations: document.operations().all().map(operation => ({
      action: operation.action(),
      address: operation.channels().all()[0].address(),
      messages: operation.messages().all().map(message => ({
        name: message.name(),
        correlated: Boolean(message.correlationId()),
        headers: Object.keys(message.headers().properties()),
        media: message.payload().contentMediaType(),
        examples: message.examples().all().map(example => example.payload()),
      })),
    })),
    servers: document.servers().all().map(server => ({
      host: server.host(),
      protocol: server.protocol(),
      security: server.security().map(one => one.all().map(each => each.scheme().type())).flat(),
    })),
  };
}

Promise.all(process.argv.slice(2).map(look))
    .then(found => process.stdout.write(JSON.stringify(found)));

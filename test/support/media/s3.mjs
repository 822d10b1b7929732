// An S3 for Meet's backend. A request with a signature for its method, host and path gets the file, other requests get
// XML with key names. The signature has S3's form but signs fewer fields. For tests: GET /seen shows the last request,
// and S3_CONTENT is repeated to fill every file.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

const secret = 'storage secret';
const bytes = Buffer.alloc(3_000_000, process.env.S3_CONTENT ?? 'meet');
const allowed = new Set([
  'host',
  'connection',
  'authorization',
  'x-amz-date',
  'x-amz-content-sha256',
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
]);
let seen = {};

function hear(request, response) {
  request.resume();
  if (request.url === '/seen') response.end(JSON.stringify(seen));
  else answer(request, response);
}

function answer(request, response) {
  const { url, method, headers } = request;
  seen = { url, method, headers, stray: Object.keys(headers).filter((name) => !allowed.has(name)) };
  response.setHeader('x-amz-request-id', '17F6A1');
  response.setHeader('Set-Cookie', 'storage=1');
  // These are about the storage's host. Visitors' browsers would apply them to Meet's host.
  response.setHeader('Strict-Transport-Security', 'max-age=31536000; includeSubDomains; preload');
  response.setHeader('Alt-Svc', 'h3=":9000"');
  response.setHeader('Clear-Site-Data', '"cookies"');
  const signed = [method, headers.host, url, headers['x-amz-date']].join('\n');
  const signature = createHmac('sha256', secret).update(signed).digest('hex');
  if (headers.authorization !== `AWS4-HMAC-SHA256 Credential=AKIDMEET, Signature=${signature}`)
    refuse(response, 403, `<Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIDMEET</AWSAccessKeyId><Key>${url}</Key>`);
  else if (url.includes('00000000')) refuse(response, 404, `<Code>NoSuchKey</Code><Key>${url}</Key>`);
  else send(request, response);
}

function send(request, response) {
  const headers = {
    'Content-Type': 'text/html',
    'Content-Disposition': 'inline',
    'Cache-Control': 'public',
    ETag: '"1"',
    'Accept-Ranges': 'bytes',
  };
  const [, from, to] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []).map(Number);
  if (request.headers['if-none-match'] === '"1"') response.writeHead(304, headers).end();
  else if (from === undefined) response.writeHead(200, { ...headers, 'Content-Length': bytes.length }).end(bytes);
  else if (from >= bytes.length) refuse(response, 416, '<Code>InvalidRange</Code>');
  else {
    const part = bytes.subarray(from, to + 1);
    const place = { 'Content-Length': part.length, 'Content-Range': `bytes ${from}-${to}/${bytes.length}` };
    response.writeHead(206, { ...headers, ...place }).end(part);
  }
}

function refuse(response, status, words) {
  response.writeHead(status, { 'Content-Type': 'application/xml' }).end(`<Error>${words}</Error>`);
}

// With S3_TLS it listens on 443 with a certificate, like a hosting provider's S3.
if (process.env.S3_TLS === undefined) createServer(hear).listen(9000, '0.0.0.0');
else createTlsServer({ cert: readFileSync('/cert.pem'), key: readFileSync('/key.pem') }, hear).listen(443, '0.0.0.0');
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

import { refusedPaths } from '../../src/routes/refused-path.ts';
import type { Directive } from '../support/nginx-parse.ts';
import { walk } from '../support/nginx-parse.ts';

// Every directive that the shipped template may print, its contexts, and its arguments. A template change that adds a
// directive needs a row here, written on purpose.

const port = '[1-9][0-9]{0,4}';
const address = String.raw`(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])`;
const cidr = String.raw`[0-9a-f:.]+/\d{1,3}`;
const weight = '(?:[1-9][0-9]?|100)';
const connections = '(?:[1-9][0-9]{0,4}|100000)';
const host = String.raw`(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*`;
const size = '[0-9]{1,9}[kKmMgG]?';
const duration = '[1-9][0-9]{0,5}(?:ms|s|m|h|d)?';
const path = '/[A-Za-z0-9_.~@:+/-]*';
const service = '[a-z0-9_.+-]+';
const upstream = `(?:meet-spa|meet(?:-media)?_${service}(?:~service)?)`;
const keptUpstream = `${upstream}~kept`;
const fresh = `@meet_fresh:${upstream}(?::(?:default|https|${duration}))*`;
const folder = '(?:recordings|files)';
const bucket = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]';
const signedHost = '[a-z0-9._-]+(?::[1-9][0-9]{0,4})?';

const exactly = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const headersOfAll = [
  exactly('Host $http_host'),
  exactly('X-Forwarded-For $proxy_add_x_forwarded_for'),
  exactly('X-Forwarded-Proto https'),
  exactly('X-Forwarded-Proto $http_x_forwarded_proto'),
  exactly('X-Original-URL ""'),
  exactly('Connection close'),
  exactly('Connection $meet_close'),
];

/** By `path name`: patterns. One has to match all arguments, joined by spaces. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  ' upstream': [upstream, keptUpstream],
  'upstream keepalive': ['0', '256'],
  'upstream keepalive_requests': ['10000'],
  'upstream keepalive_timeout': ['100ms'],
  'upstream server': [`${address}:${port}(?: weight=${weight})?(?: max_conns=${connections})? max_fails=0 fail_timeout=0(?: backup)?`],
  'upstream least_conn': [''],
  'upstream random': ['two'],
  'upstream hash': [exactly('$meet_client_address consistent')],
  ' map': [
    exactly('$http_x_forwarded_for $meet_client_address'),
    exactly('$http_upgrade $meet_upgrade'),
    exactly('$meet_upgrade $meet_connection'),
    exactly('$request_uri $meet_path'),
    exactly('$request_method$http_content_length$http_transfer_encoding $meet_kept'),
    exactly('$proxy_host $meet_close'),
    exactly('$meet_kept$upstream_addr $meet_retry'),
    exactly('$http_content_length $meet_large'),
  ],
  'map default': [exactly('$remote_addr'), '@meet_unavailable', '""', 'close', '"what cannot be read"'],
  'map "~^"': ['plain'],
  // The template has exactly the expressions that `explain` uses.
  ...Object.fromEntries(refusedPaths.map(({ what, pattern }) => [`map "~*${pattern}"`, [`"${what}"`]])),
  'map "~*^websocket$"': ['websocket'],
  'map websocket': ['upgrade'],
  'map GET': ['1'],
  'map "~^1."': [exactly('$meet_fresh')],
  'map "~^[0-9]{7}"': ['1'],
  'map HEAD': ['1'],
  'map volatile': [''],
  'map "~.~kept$"': ['""'],
  'map "~^(?:.*[, ])?([^, ]+) *$"': [exactly('$1')],
  ' server': [''],
  'server listen': [`(?:\\[::\\]:)?${port}`],
  'server server_name': [`${host}(?: ${host}){0,15}`],
  'server charset': ['utf-8'],
  'server server_tokens': ['off'],
  'server client_max_body_size': [size],
  'server keepalive_min_timeout': ['2s'],
  'server proxy_set_header': headersOfAll,
  'server proxy_redirect': ['off'],
  'server proxy_http_version': [exactly('1.1')],
  'server proxy_connect_timeout': [duration],
  'server proxy_read_timeout': [duration],
  'server proxy_next_upstream': ['error timeout'],
  'server proxy_max_temp_file_size': ['1m'],
  'server error_page': [exactly('477 = $meet_fresh'), '503 = @meet_unavailable', '502 = @meet_bad_gateway', '504 = @meet_timeout'],
  'server include': [exactly('/etc/nginx/meet-routing.d/*.conf')],
  'server access_log': ['off'],
  'server keepalive_timeout': ['0'],
  'server allow': [cidr],
  'server deny': ['all'],
  'server location': [
    `= ${path}`,
    exactly('^~ ') + path,
    '= /meet-gen!refused-path',
    '= /meet-gen!live-[0-9a-f]{16}',
    '/',
    '@meet_(?:unavailable|bad_gateway|timeout|media_refused|media_undecided|no_host|refused_path)',
    '@generation',
    fresh,
  ],
  'server/location proxy_read_timeout': [duration],
  'server/location proxy_connect_timeout': [duration],
  'server/location client_max_body_size': [size],
  'server/location set_real_ip_from': [cidr],
  'server/location real_ip_header': ['X-Forwarded-For'],
  'server/location real_ip_recursive': ['off'],
  'server/location allow': [cidr, String.raw`\d{1,3}(?:\.\d{1,3}){3}`, '[0-9a-f:]+'],
  'server/location deny': ['all'],
  'server/location proxy_pass': [
    `https?://${upstream}(?:${path})?`,
    `http://meet-media_${service}/${bucket}/${folder}/`,
    `http://meet_${service}/api/v1\\.0/${folder}/media-auth/`,
    exactly('$meet_refused'),
  ],
  'server set': [
    exactly('$meet_proxied "$http_x_forwarded_for$http_x_forwarded_host$http_x_forwarded_proto$http_x_real_ip$http_forwarded"'),
    exactly('$meet_fresh @meet_unavailable'),
  ],
  'server/location limit_except': ['POST'],
  'server/location/limit_except deny': ['all'],
  'server/location proxy_http_version': [exactly('1.1')],
  'server/location proxy_redirect': ['off'],
  'server/location proxy_next_upstream': ['error timeout'],
  'server/location recursive_error_pages': ['on'],
  'server/location/if proxy_pass': [`http://${keptUpstream}`],
  'server/location set': [
    exactly('$meet_fresh @meet_unavailable'),
    `\\$meet_fresh ${fresh}`,
    exactly('$args ""'),
    exactly('$meet_sent $request_method:$upstream_bytes_sent'),
    exactly('$meet_refused "meet-gen refused this path for $meet_path"'),
  ],
  'server/location satisfy': ['all'],
  'server/location internal': [''],
  'server/location auth_request': [`/media/${folder}/media-auth`],
  'server/location auth_request_set': [
    exactly('$meet_media_verdict $upstream_status'),
    exactly('$meet_media_authorization $upstream_http_authorization'),
    exactly('$meet_media_date $upstream_http_x_amz_date'),
    exactly('$meet_media_sha256 $upstream_http_x_amz_content_sha256'),
  ],
  'server/location proxy_method': ['GET'],
  'server/location proxy_pass_request_headers': ['off'],
  'server/location proxy_pass_request_body': ['off'],
  'server/location proxy_set_header': [
    ...headersOfAll,
    exactly('Upgrade $meet_upgrade'),
    exactly('Connection $meet_connection'),
    `X-Forwarded-Prefix ${path}`,
    `Host ${signedHost}`,
    exactly('X-Forwarded-For $remote_addr'),
    exactly('X-Original-URL $request_uri'),
    exactly('X-Original-Method $request_method'),
    exactly('Authorization $meet_media_authorization'),
    exactly('X-Amz-Date $meet_media_date'),
    exactly('X-Amz-Content-SHA256 $meet_media_sha256'),
    exactly('Content-Length ""'),
    exactly('Range $http_range'),
    exactly('If-Range $http_if_range'),
    exactly('If-None-Match $http_if_none_match'),
    exactly('If-Modified-Since $http_if_modified_since'),
    '(?:Range|If-Range|If-None-Match|If-Modified-Since) ""',
  ],
  'server/location proxy_max_temp_file_size': ['0'],
  'server/location proxy_request_buffering': ['off'],
  'server/location proxy_ignore_headers': ['X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset'],
  'server/location proxy_hide_header': ['[A-Za-z0-9-]+'],
  'server/location proxy_intercept_errors': ['on'],
  'server/location error_page': [
    '400 401 403 404 405 406 409 410 411 412 416 @meet_media_refused',
    '500 = @meet_media_undecided',
    '301 302 303 307 308 501 502 503 504 = @meet_unavailable',
    '502 504 = @meet_unavailable',
    '500 =400 @meet_refused_path',
  ],
  'server/location types': [''],
  'server/location default_type': ['text/plain'],
  'server/location add_header': [
    'Retry-After 5 always',
    'Content-Disposition attachment always',
    'X-Content-Type-Options nosniff always',
    exactly(`Content-Security-Policy "default-src 'none'; sandbox" always`),
    exactly('Cache-Control "private, no-cache" always'),
  ],
  'server/location return': [
    '503',
    '404',
    `503 "[A-Za-z.,:' ]+\\\\n"`,
    '200 "[0-9a-f]{16} \\$nginx_version\\\\n"',
    '200 "[A-Za-z., ]+\\\\n"',
    exactly('400 "This path is refused: it holds $meet_path.\\n"'),
  ],
  'server if': [String.raw`\(\$uri = /meet-gen!live-[0-9a-f]{16}\)`],
  'server/if break': [''],
  'server/location access_log': ['off'],
  'server/location if': [
    exactly('($meet_path != plain)'),
    exactly('($meet_kept)'),
    exactly('($meet_large)'),
    exactly('($upstream_bytes_received ~ [1-9])'),
    exactly('($upstream_bytes_sent ~ [1-9][0-9]*$)'),
    exactly('($meet_sent ~ ^(?!(GET|HEAD):).*[1-9])'),
    exactly('($request_method !~ ^(GET|HEAD)$)'),
    exactly('($request_uri !~ ^/media/[a-z]+/[0-9A-Za-z-]+[.][0-9A-Za-z]+([?]|$))'),
    exactly('($upstream_status)'),
    exactly('($meet_media_verdict ~ 400$)'),
    exactly('($meet_media_verdict ~ 429$)'),
    exactly('($meet_media_verdict ~ 4[0-9][0-9]$)'),
    exactly('($meet_media_verdict ~ (3[0-9][0-9]|50[01]|50[5-9])$)'),
    exactly('($meet_proxied ~ .)'),
    exactly('($realip_remote_addr !~ ^127[.])'),
  ],
  'server/location/if rewrite': [exactly('^ /meet-gen!refused-path last')],
  'server/location/if return': ['477', '400', '502', '504', '403', '404', '405', '(?:200|400|404|429|500) "[A-Za-z., ]+\\\\n"'],
  'server/location try_files': ['/meet-gen-never-a-file (?:@(?:generation|meet_unavailable|meet_no_host)|\\$meet_retry)'],
  'server/location alias': ['/tmp/meet-gen/rejected'],
  'server/location log_not_found': ['off'],
  'server/location stub_status': [''],
};

const blocks: ReadonlySet<string> = new Set([
  ' upstream',
  ' map',
  ' server',
  'server location',
  'server if',
  'server/location types',
  'server/location if',
  'server/location limit_except',
]);

const allowedArguments = new Map(
  Object.entries(allowed).map(([place, patterns]) => [place, patterns.map((pattern) => new RegExp(`^(?:${pattern})$`))]),
);

/** The parts of a rendered file outside this list, as lines of text; empty for a good file. */
export function notAllowed(tree: readonly Directive[]): readonly string[] {
  return walk(tree).flatMap(({ path: around, directive }) => {
    const place = `${around} ${directive.name}`;
    const patterns = allowedArguments.get(place);
    const args = directive.args.join(' ');
    const summary = `${place.trim()} ${args}`;
    if (patterns === undefined) return [`no such directive there: ${summary}`];
    if ((directive.block !== undefined) !== blocks.has(place))
      return [`a block where there is none, or none where there is one: ${summary}`];
    return patterns.some((pattern) => pattern.test(args)) ? [] : [`arguments outside the vocabulary: ${summary}`];
  });
}

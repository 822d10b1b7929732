import type { Directive } from '../support/nginx-parse.ts';
import { walk } from '../support/nginx-parse.ts';

// Everything that the shipped template may ever say: the directive, where it may stand, and what its arguments may be.
// A change of the template that adds a directive must be written down here too, by somebody who has thought about it.

const port = '[1-9][0-9]{0,4}';
const address = String.raw`(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])`;
const cidr = String.raw`[0-9a-f:.]+/\d{1,3}`;
const weight = '(?:[1-9][0-9]?|100)';
const connections = '(?:[1-9][0-9]{0,4}|100000)';
const host = String.raw`(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*`;
const size = '[0-9]{1,9}[kKmMgG]?';
const duration = '[1-9][0-9]{0,5}(?:ms|s|m|h|d)?';
const path = '/[A-Za-z0-9_.~@:+/-]*';
const upstream = '(?:meet-spa|meet_[a-z0-9_.+-]+)';

const exactly = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const headersOfAll = [
  exactly('Host $http_host'),
  exactly('X-Forwarded-For $proxy_add_x_forwarded_for'),
  exactly('X-Forwarded-Proto https'),
  exactly('X-Forwarded-Proto $http_x_forwarded_proto'),
  exactly('X-Original-URL ""'),
  exactly('Connection close'),
];

/** By `path name`: patterns, one of which the arguments, joined by spaces, must match as a whole. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  ' upstream': [upstream],
  'upstream server': [`${address}:${port}(?: weight=${weight})?(?: max_conns=${connections})? max_fails=0 fail_timeout=0(?: backup)?`],
  'upstream least_conn': [''],
  'upstream random': ['two'],
  'upstream hash': [exactly('$meet_client_address consistent')],
  ' map': [
    exactly('$http_x_forwarded_for $meet_client_address'),
    exactly('$http_upgrade $meet_upgrade'),
    exactly('$meet_upgrade $meet_connection'),
  ],
  'map default': [exactly('$remote_addr'), '""', 'close'],
  'map "~*^websocket$"': ['websocket'],
  'map websocket': ['upgrade'],
  'map "~^(?:.*[, ])?([^, ]+) *$"': [exactly('$1')],
  ' server': [''],
  'server listen': [port],
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
  'server error_page': ['503 = @meet_unavailable', '502 = @meet_bad_gateway', '504 = @meet_timeout'],
  'server include': [exactly('/etc/nginx/meet-routing.d/*.conf')],
  'server access_log': ['off'],
  'server keepalive_timeout': ['0'],
  'server allow': [cidr],
  'server deny': ['all'],
  'server location': [`= ${path}`, exactly('^~ ') + path, '/', '@meet_(?:unavailable|bad_gateway|timeout)', '@generation'],
  'server/location proxy_read_timeout': [duration],
  'server/location proxy_connect_timeout': [duration],
  'server/location client_max_body_size': [size],
  'server/location proxy_set_header': [
    ...headersOfAll,
    exactly('Upgrade $meet_upgrade'),
    exactly('Connection $meet_connection'),
    `X-Forwarded-Prefix ${path}`,
  ],
  'server/location set_real_ip_from': [cidr],
  'server/location real_ip_header': ['X-Forwarded-For'],
  'server/location real_ip_recursive': ['off'],
  'server/location allow': [cidr, String.raw`\d{1,3}(?:\.\d{1,3}){3}`, '[0-9a-f:]+'],
  'server/location deny': ['all'],
  'server/location proxy_pass': [`https?://${upstream}(?:${path})?`],
  'server/location types': [''],
  'server/location default_type': ['text/plain'],
  'server/location add_header': ['Retry-After 5 always'],
  'server/location return': ['503', '404', '503 "[A-Za-z. ]+\\\\n"', '200 "[0-9a-f]{16} \\$nginx_version\\\\n"'],
  'server/location if': [exactly('($upstream_bytes_sent ~ [1-9])')],
  'server/location/if return': ['502', '504'],
  'server/location try_files': ['/meet-gen-never-a-file @(?:generation|meet_unavailable)'],
  'server/location alias': ['/tmp/meet-gen/rejected'],
  'server/location log_not_found': ['off'],
  'server/location stub_status': [''],
};

const blocks: ReadonlySet<string> = new Set([
  ' upstream',
  ' map',
  ' server',
  'server location',
  'server/location types',
  'server/location if',
]);

/** What in a rendered file is none of the above, in words; empty when all is well. */
export function notAllowed(tree: readonly Directive[]): readonly string[] {
  return walk(tree).flatMap(({ path: around, directive }) => {
    const place = `${around} ${directive.name}`;
    const patterns = allowed[place];
    const args = directive.args.join(' ');
    const told = `${place.trim()} ${args}`;
    if (patterns === undefined || !Object.hasOwn(allowed, place)) return [`no such directive there: ${told}`];
    if ((directive.block !== undefined) !== blocks.has(place)) return [`a block where there is none, or none where there is one: ${told}`];
    return patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(args)) ? [] : [`arguments outside the vocabulary: ${told}`];
  });
}

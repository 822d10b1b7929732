/** Why a connection over TLS was not made, and how to fix it. */
export interface TlsFailure {
  readonly why: string;
  readonly cure: string;
}

const table: readonly (readonly [codes: RegExp, failure: TlsFailure])[] = [
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    {
      why: "its certificate is for another name than DOCKER_HOST's",
      cure: 'name the engine in DOCKER_HOST as its certificate does, or have that name or address put into the certificate (subjectAltName)',
    },
  ],
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    { why: 'its certificate is not valid now', cure: 'renew it, and see whether the clocks of both machines are right' },
  ],
  [
    /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_|CERT_|INVALID_|HOSTNAME_)/,
    {
      why: 'its certificate is not signed by the authority in ca.pem',
      cure: "put the certificate of the engine's authority into ca.pem (DOCKER_CERT_PATH); if it was right before, somebody else may be answering there",
    },
  ],
  [
    /^ERR_SSL_\w*ALERT\w*|^ECONNRESET$/,
    {
      why: "it closed the connection, as an engine does that doesn't accept meet-gen's own certificate",
      cure: "see whether cert.pem (DOCKER_CERT_PATH) is signed by the authority that the engine was started with (--tlscacert), and hasn't expired; meet-gen reads it when it starts",
    },
  ],
  [
    /^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)$/,
    { why: 'what answers there speaks no TLS', cure: 'name the port with TLS in DOCKER_HOST (2376), or leave DOCKER_TLS_VERIFY out' },
  ],
];

/** By the error code of a connection over TLS (Node.js, TLS; OpenSSL, X509_verify_cert_error_string); undefined for any other failure. */
export function explainTlsFailure(code: string | undefined): TlsFailure | undefined {
  return code === undefined ? undefined : table.find(([codes]) => codes.test(code))?.[1];
}

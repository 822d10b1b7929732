/** Why a TLS connection failed, and how to fix it. */
export interface TlsFailure {
  readonly why: string;
  readonly cure: string;
}

const table: readonly (readonly [codes: RegExp, failure: TlsFailure])[] = [
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    {
      why: "its certificate is for another name than DOCKER_HOST's",
      cure: 'use the name of the certificate in DOCKER_HOST, or add the name or address of DOCKER_HOST to the certificate (subjectAltName)',
    },
  ],
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    {
      why: 'its certificate has expired or is not valid yet',
      cure: 'renew the certificate, and check the clocks of both machines',
    },
  ],
  [
    /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_|CERT_|INVALID_|HOSTNAME_)/,
    {
      why: 'its certificate is not signed by the authority in ca.pem',
      cure: "put the certificate of the engine's authority into ca.pem (DOCKER_CERT_PATH); if ca.pem was right before, another server may answer at that address",
    },
  ],
  [
    /^ERR_SSL_\w*ALERT\w*|^ECONNRESET$/,
    {
      why: "it closed the connection, probably because it doesn't accept meet-gen's own certificate",
      cure: "check that cert.pem (DOCKER_CERT_PATH) hasn't expired, and that the engine's authority (--tlscacert) has signed it; then restart meet-gen",
    },
  ],
  [
    /^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)$/,
    { why: "the server there doesn't use TLS", cure: 'set the port with TLS in DOCKER_HOST (2376), or unset DOCKER_TLS_VERIFY' },
  ],
];

/**
 * @param code the error code of the connection (Node.js, TLS; OpenSSL, X509_verify_cert_error_string)
 * @returns undefined for any other failure
 */
export function explainTlsFailure(code: string | undefined): TlsFailure | undefined {
  return code === undefined ? undefined : table.find(([codes]) => codes.test(code))?.[1];
}

const CERTIFICATE_PROBLEM = /CERT|SELF_SIGNED|ISSUER|VERIFY|ALTNAME|^ERR_TLS|^ERR_SSL/

/** Whether an error's code says that the other side's certificate, or the handshake around it, was refused. */
export function isCertificateProblem(code: string): boolean {
  return CERTIFICATE_PROBLEM.test(code)
}

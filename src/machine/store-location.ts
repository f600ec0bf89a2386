/**
 * Host and port to which the driver of a store connects, for messages. In a Postgres URL, `?host=` and `?port=` override the
 * host and port of the URL.
 */
export function storeLocation(url: URL): string {
  const { host, hostname, port, protocol, searchParams } = url
  if (!protocol.startsWith('postgres')) return host
  const [namedHost, namedPort] = [searchParams.get('host'), searchParams.get('port')]
  if (!namedHost && !namedPort) return host
  const [at, on] = [namedHost || hostname, namedPort || port || '5432']
  return at.startsWith('/') ? `${at}/.s.PGSQL.${on}` : `${at}:${on}`
}

/**
 * Host and port of a store for messages, as its driver takes them: in a Postgres URL `?host=` and `?port=` come before the
 * host and port of the URL itself.
 */
export function storePlace(url: URL): string {
  const { host, hostname, port, protocol, searchParams } = url
  if (!protocol.startsWith('postgres')) return host
  const [namedHost, namedPort] = [searchParams.get('host'), searchParams.get('port')]
  if (!namedHost && !namedPort) return host
  const [at, on] = [namedHost || hostname, namedPort || port || '5432']
  return at.startsWith('/') ? `${at}/.s.PGSQL.${on}` : `${at}:${on}`
}

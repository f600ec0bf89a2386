import { describe, expect, test } from 'vitest'
import { redactText } from './redact.ts'

/** Secrets: a random text, one that looks like words, numbers, and a text in a path. */
const RANDOM = 'Zk9qXvW3LmPzQ8rT'
const WORDS = 'correcthorse'
const CODE = '492817'
const LETTERS = 'zkqxvwlmpzqr'
const SECRETS = [RANDOM, WORDS, CODE, LETTERS]

/** Forms in which secrets appear in logs and errors, by their kind. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  URLs: [
    `/reset/${LETTERS}`,
    `https://h/invite/${LETTERS}?x`,
    `/magic/aBcDeFgHiJ${RANDOM}`,
    `/users/7/confirm-email/${RANDOM}`,
    `/unsubscribe/${RANDOM}`,
    `https://h/api/key/${RANDOM}/x`,
    `https://h/cb#access_token=${RANDOM}&token_type=x`,
    `https://h/a;jsessionid=${RANDOM}`,
    `otpauth://totp/App:ann?secret=${RANDOM}`,
    `"/login?token\\u003d${RANDOM}\\u0026page"`,
    `git+https://ann:${RANDOM}@h/x`,
  ],
  headers: [
    `Bearer: ${RANDOM}`,
    `Bearer: ${WORDS}`,
    `bearer=${RANDOM}`,
    `"bearer": "${WORDS}"`,
    `sent Bearer "${RANDOM}"`,
    `x-functions-key: ${WORDS}`,
    `sec-websocket-protocol: access_token, ${RANDOM}`,
    `Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.${WORDS}`,
    `Authorization=[Bearer ${RANDOM}]`,
    `x-amz-security-token: ${WORDS}`,
    `Authorization: Bearer abc\n    ${RANDOM}\naccept: x`,
  ],
  'JSON and inspected objects': [
    `{"api key":"${WORDS}"}`,
    `{"path":["password"],"input":"${WORDS}"}`,
    `{"field":"password","received":"${WORDS}"}`,
    `[{"value":"${WORDS}","name":"password"}]`,
    `{\\"value\\":\\"${WORDS}\\",\\"key\\":\\"token\\"}`,
    `{"hash":"$2b$10$${RANDOM}abcdefghijklmnopqrstuvwxyz12345678901"}`,
    `"$argon2id$v=19$m=65536,t=3,p=4$${RANDOM}$${RANDOM}"`,
    `{"access key" : "${WORDS}"}`,
  ],
  'shells and env files': [
    `PASSWORD=null;${WORDS}`,
    `password=***;${WORDS}`,
    `password=***${WORDS}`,
    `PASSWORD='a'"${WORDS}"`,
    `PASSWORD=a\\ ${WORDS}`,
    `PASSWORD+=${WORDS}`,
    `echo ${WORDS} | docker login --password-stdin`,
    `::add-mask::${WORDS}`,
    `export LICENSE_KEY=${WORDS}`,
  ],
  'SQL and connection strings': [
    `CREATE USER 'a'@'%' IDENTIFIED WITH mysql_native_password BY '${WORDS}'`,
    `CREATE USER a IDENTIFIED BY ${WORDS}`,
    `ALTER USER a IDENTIFIED BY VALUES '${WORDS}'`,
    `WHERE api_key LIKE '${WORDS}%'`,
    `WHERE token <> '${WORDS}' AND id != 5`,
    `UPDATE users SET password = 'it''s ${WORDS}'`,
    `Duplicate entry '${RANDOM}' for key 'users.token_unique'`,
    `DETAIL:  parameters: $1 = '${RANDOM}', $2 = '${WORDS}'`,
    `SELECT crypt('${WORDS}', gen_salt('bf'))`,
    `PRAGMA key = '${WORDS}'`,
    `sqlplus scott/${WORDS}@orcl`,
    `requirepass ${WORDS}`,
    `masterauth ${WORDS}`,
    `ACL SETUSER a on >${WORDS} ~*`,
    `user default on >${WORDS} ~* +@all`,
    `Server=h;User Id=sa;Password=${WORDS};`,
    `mongodb://u:${WORDS}@h1:1,h2:2/?x`,
    `h:6379,password=${WORDS},ssl=True`,
    `Endpoint=sb://h/;SharedAccessKey=${RANDOM}=`,
    `jdbc:sqlserver://h;user=sa;password=${WORDS};`,
    `clickhouse://u:${WORDS}@h`,
  ],
  'XML, INI, YAML and TOML': [
    `<token value="${WORDS}"/>`,
    `<Password value='${WORDS}' />`,
    `<password text="${WORDS}"/>`,
    `<add key="password" value="${WORDS}"/>`,
    `<property name="password">${WORDS}</property>`,
    `<property><name>password</name><value>${WORDS}</value></property>`,
    `<entry key="db.password">${WORDS}</entry>`,
    `<setting name="ApiKey" serializeAs="String"><value>${WORDS}</value></setting>`,
    `<stringProp name="HTTPSampler.password">${WORDS}</stringProp>`,
    `<password><![CDATA[${WORDS}<]]></password>`,
    `<a:token xmlns:a="b">${WORDS}</a:token>`,
    `<input value="${WORDS}" name="password">`,
    `<input value="${WORDS}" type="password">`,
    `<meta name="csrf-token" content="${RANDOM}">`,
    `password: my ${WORDS}\n  continued ${RANDOM}\nnext: 1`,
    `users:\n  - token: ${RANDOM}\n      ${WORDS}\n    name: ann`,
    `password: "my ${WORDS}\n  more ${RANDOM}"\nnext: 1`,
  ],
  'command lines': [
    `artillery run --record --key ${RANDOM}`,
    `k6 cloud login -t ${RANDOM}`,
    `sshpass -p '${WORDS}' ssh h`,
    `keytool -storepass ${WORDS} -keypass ${WORDS}`,
    `openssl enc -aes-256-cbc -k ${WORDS}`,
    `ab -A user:${WORDS} h`,
    `hey -a user:${WORDS} h`,
    `mosquitto_pub -u a -P ${WORDS}`,
    `smbclient -U a%${WORDS} //h/s`,
    `twine upload -u a -p ${WORDS}`,
    `dotnet nuget push x -k ${RANDOM}`,
    `vault login ${RANDOM}`,
    `spawn('mysql', ['-p${WORDS}'])`,
    `args: ['-u', 'a:${WORDS}']`,
  ],
  'errors and sentences': [
    `password is: ${WORDS}`,
    `password was: ${WORDS}`,
    `api key: ${WORDS}`,
    `API Key = ${WORDS}`,
    `api key is ${RANDOM}`,
    `Invalid API key provided: ${RANDOM}`,
    `API key "${RANDOM}" is invalid`,
    `private key: ${WORDS}`,
    `session id ${RANDOM} not found`,
    `Your password is "${WORDS}"`,
    `password '${WORDS}' does not match`,
    `using password "${WORDS}"`,
    `verification code: ${CODE}`,
    `your one-time code is ${CODE}`,
    `unknown token (${RANDOM})`,
    `Token<${RANDOM}>`,
    `token #${RANDOM} expired`,
    `secret key = ${WORDS}`,
  ],
}

describe.each(Object.entries(FORMS))('redactText masks the secret in %s:', (_, forms) => {
  test.each(forms)('%j', (text) => {
    const clean = redactText(text)
    expect(SECRETS.filter((secret) => clean.includes(secret))).toEqual([])
    expect(redactText(clean)).toBe(clean)
  })
})

test('masks the number of a card', () => {
  expect(redactText('card 4111 1111 1111 1111, 4111-1111-1111-1111')).toBe('card ***, ***')
})

test('masks only the value, not what describes it or follows it', () => {
  const texts = [
    `password: my ${WORDS}\n  ${RANDOM}\nuser: ann`,
    `token: ${RANDOM}\n    at login (/app/auth.ts:3:4)`,
    `<add key="password" value="${WORDS}"/><add key="retries" value="3"/>`,
    `Invalid API key provided: ${WORDS}`,
    `password=null; retries=3`,
    `WHERE token <> '${WORDS}' AND id <> 5`,
    `api key: ${WORDS}, attempt 3`,
  ]
  expect(texts.map((text) => redactText(text))).toEqual([
    'password: ***\nuser: ann',
    'token: ***\n    at login (/app/auth.ts:3:4)',
    '<add key="password" value="***"/><add key="retries" value="3"/>',
    'Invalid API key provided: ***',
    'password=null; retries=3',
    "WHERE token <> '***' AND id <> 5",
    'api key: ***, attempt 3',
  ])
})

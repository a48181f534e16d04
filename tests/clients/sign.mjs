// Prints one JWT, signed with the private JWK in a file, with the one algorithm that is used for its kind.
//   node sign.mjs '{"key":"path","header":{},"claims":{}}'
// Fields of `header` go over the usual ones; `null` leaves one out.
import { createHmac, createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const kinds = {
  OKP: { alg: 'EdDSA', sign: (message, key) => sign(null, message, key) },
  RSA: { alg: 'RS256', sign: (message, key) => sign('sha256', message, key) },
  EC: { alg: 'ES256', sign: (message, key) => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }) }
}

const { key, header, claims } = JSON.parse(process.argv[2])
const jwk = JSON.parse(readFileSync(key))
const kind = kinds[jwk.kty] ?? { alg: 'HS256' }
const fields = Object.entries({ alg: kind.alg, typ: 'JWT', kid: jwk.kid, ...header }).filter(([, value]) => value !== null)
const part = json => Buffer.from(JSON.stringify(json)).toString('base64url')
const message = Buffer.from(`${part(Object.fromEntries(fields))}.${part(claims)}`)
const signature = kind.sign
  ? kind.sign(message, createPrivateKey({ key: jwk, format: 'jwk' }))
  : createHmac('sha256', Buffer.from(jwk.k, 'base64url')).update(message).digest()
process.stdout.write(`${message}.${signature.toString('base64url')}`)

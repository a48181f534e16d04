// Prints one JWT, signed with the private JWK (Ed25519) in a file.
//   node sign.mjs '{"key":"path","header":{},"claims":{}}'
// Fields of `header` go over the usual ones; `null` leaves one out.
import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const { key, header, claims } = JSON.parse(process.argv[2])
const jwk = JSON.parse(readFileSync(key))
const usual = { alg: 'EdDSA', typ: 'JWT', kid: jwk.kid }
const fields = Object.entries({ ...usual, ...header }).filter(([, value]) => value !== null)
const part = json => Buffer.from(JSON.stringify(json)).toString('base64url')
const message = `${part(Object.fromEntries(fields))}.${part(claims)}`
const signature = sign(null, Buffer.from(message), createPrivateKey({ key: jwk, format: 'jwk' }))
process.stdout.write(`${message}.${signature.toString('base64url')}`)

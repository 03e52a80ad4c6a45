// A client on Baileys, which shares no line with neonize: a second opinion on the simulator.
//
//     node witness.mjs STORE EVENT_FD
//
// Like echo_client.py it writes one JSON object per line to EVENT_FD (what happened) and reads one
// per line from stdin (what to do). HTTPS_PROXY, SSL_CERT_FILE and SIMULATOR_ROOT_KEY lead to a
// simulator; what they say counts in this process only.

import { readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import readline from 'node:readline'
import { Readable } from 'node:stream'
import tls from 'node:tls'

import {
    downloadMediaMessage, makeWASocket, useMultiFileAuthState,
    BufferJSON, DisconnectReason, WAMessageStubType, WA_CERT_DETAILS,
} from 'baileys'

const [store, events] = [process.argv[2], Number(process.argv[3])]
const authority = readFileSync(process.env.SSL_CERT_FILE)

// Baileys checks the server's certificates against this key, which it reads at each connection.
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(process.env.SIMULATOR_ROOT_KEY, 'hex')

// Every connection goes through the simulator's proxy, to a server that its authority vouches for.
class Tunnel extends https.Agent {
    createConnection({ servername, host, port }, done) {
        const path = `${host}:${port}`
        http.request(process.env.HTTPS_PROXY, { method: 'CONNECT', path, agent: false })
            .on('connect', ({ statusCode }, socket) => {
                if (statusCode === 200) {
                    done(null, tls.connect({ socket, servername: servername || host, ca: authority }))
                } else {
                    socket.destroy()
                    done(new Error(`the proxy says ${statusCode}`))
                }
            })
            .on('error', done)
            .end()
    }
}

const tunnel = new Tunnel()

// Baileys fetches files with the runtime's fetch, which knows no agents.
globalThis.fetch = (url, { method, headers } = {}) => new Promise((resolve, reject) => {
    const answered = (answer) =>
        resolve(new Response(Readable.toWeb(answer), { status: answer.statusCode }))
    https.request(url, { method, headers, agent: tunnel }, answered).on('error', reject).end()
})

const quiet = { level: 'silent', child: () => quiet }
for (const level of ['trace', 'debug', 'info']) quiet[level] = () => {}
for (const level of ['warn', 'error']) {
    quiet[level] = (...what) => process.env.WITNESS_LOG && console.error(level, ...what)
}

const tell = (event, facts = {}) => writeSync(events, JSON.stringify({ event, ...facts }) + '\n')

const { state } = await useMultiFileAuthState(store)
// In place of Baileys' own, which a SIGKILL finds half written: then the next start has to link anew.
function saveCredentials() {
    const path = `${store}/creds.json`
    writeFileSync(`${path}.new`, JSON.stringify(state.creds, BufferJSON.replacer))
    renameSync(`${path}.new`, path)
}

const came = new Map()
let client

function connect() {
    client = makeWASocket({
        auth: state,
        agent: tunnel,
        fetchAgent: tunnel,
        logger: quiet,
        syncFullHistory: false,
        appStateMacVerification: { patch: true, snapshot: true },
        markOnlineOnConnect: false,
    })
    client.ev.on('creds.update', saveCredentials)
    client.ev.on('creds.update', ({ me }) => me?.name && tell('named', { name: me.name }))
    client.ev.on('connection.update', connectionChanged)
    client.ev.on('messages.upsert', ({ messages }) => messages.forEach(messageCame))
    client.ev.on('messages.update', (updates) => updates.forEach(messageChanged))
    client.ev.on('messaging-history.set', ({ messages }) => messages.forEach(messageRemembered))
    client.ev.on('presence.update', ({ id, presences }) => {
        for (const presence of Object.values(presences)) {
            tell('presence', { chat: id, state: presence.lastKnownPresence })
        }
    })
}

function connectionChanged({ connection, qr, isNewLogin, lastDisconnect }) {
    if (qr) tell('qr', { data: qr })
    if (isNewLogin) tell('paired')
    if (connection === 'open') tell('Connected', { me: client.user.id, lid: client.user.lid })
    if (connection !== 'close') return
    const code = lastDisconnect?.error?.output?.statusCode ?? 0
    tell('closed', { code, reason: String(lastDisconnect?.error?.message) })
    if (code === DisconnectReason.restartRequired) connect()
}

function messageRemembered({ key, message }) {
    tell('past', { id: key.id, chat: key.remoteJid, from_me: key.fromMe, text: message?.conversation ?? '' })
}

function messageCame(whole) {
    const { key, message, status, pushName, messageStubParameters } = whole
    const extended = message?.extendedTextMessage
    came.set(key.id, whole)
    tell('message', {
        id: key.id,
        chat: key.remoteJid,
        member: key.participant ?? '',
        alternative: key.remoteJidAlt ?? '',
        from_me: key.fromMe,
        name: pushName ?? '',
        text: message?.conversation ?? extended?.text ?? '',
        quoted: extended?.contextInfo?.stanzaId ?? '',
        reaction: message?.reactionMessage?.text ?? '',
        target: message?.reactionMessage?.key?.id ?? '',
        trouble: messageStubParameters?.join() ?? '',
    })
    receiptCame(key, status) // what Baileys learns at the same time, it tells as one
}

function messageChanged({ key, update }) {
    const { message, messageStubType, status } = update
    const text = message?.editedMessage?.message?.conversation
    if (text) tell('edited', { id: key.id, text })
    if (messageStubType === WAMessageStubType.REVOKE) tell('deleted', { id: key.id })
    receiptCame(key, status)
}

function receiptCame(key, status) {
    if (key.fromMe && status) tell('receipt', { id: key.id, status })
}

const orders = {
    pair: ({ phone }) => client.requestPairingCode(phone),
    send: ({ to, text, quoting }) => send(to, { text }, quoting && { quoted: quotable(to, quoting) }),
    picture: ({ to, data, caption }) => send(to, {
        image: Buffer.from(data, 'base64'), jpegThumbnail: Buffer.alloc(1), mimetype: 'image/png', caption,
    }),
    open: async ({ id }) => (await downloadMediaMessage(came.get(id), 'buffer')).toString('base64'),
    upload_again: async ({ id }) => void (await client.updateMediaMessage(came.get(id))),
    group: async ({ chat }) => {
        const { subject, participants } = await client.groupMetadata(chat)
        return { subject, members: participants.map(({ id }) => id) }
    },
    react: ({ to, id, emoji }) => send(to, { react: { text: emoji, key: { remoteJid: to, id } } }),
    edit: ({ to, id, text }) => send(to, { text, edit: own(to, id) }),
    revoke: ({ to, id }) => send(to, { delete: own(to, id) }),
    read: ({ chat, id }) => client.readMessages([{ remoteJid: chat, id }]),
    available: () => client.sendPresenceUpdate('available'),
    typing: ({ to }) => client.sendPresenceUpdate('composing', to),
    known: ({ phones }) => client.onWhatsApp(...phones),
    connect: () => connect(),
    logout: () => client.logout(),
}

const send = async (to, content, options) => (await client.sendMessage(to, content, options)).key.id
const own = (remoteJid, id) => ({ remoteJid, id, fromMe: true })
const quotable = (remoteJid, { id, text }) => ({
    key: { remoteJid, id, fromMe: false },
    message: { conversation: text },
})

connect()
for await (const line of readline.createInterface({ input: process.stdin })) {
    const { do: what, ...details } = JSON.parse(line)
    try {
        tell('done', { what, data: (await orders[what](details)) ?? null })
    } catch (error) {
        tell('failed', { what, data: String(error) })
    }
}
process.exit(0)

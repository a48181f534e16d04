-- What each script of a document begins with: the record of the document, and what may be done to it.
--
-- KEYS: head, state and log.
--   head   hash: g generation that opened the document last, e position of the last entry, c how far the state
--          reaches, s bytes of the state, r from the opening until it has restored the document. One that was dropped
--          has g, and d.
--   state  string: the encoded state. None before the first compaction.
--   log    stream: an entry for each append after c, with the id <position>-0 and one field u, its updates.
--          None where it would be empty.
-- ARGV: 1 the generation that asks, 2 milliseconds that the keys live from here on, 0 for ever, 3 milliseconds that
-- those of a document live in which there is nothing: else every name that was ever opened would leave a key.
--
-- A server without memory refuses a script's first write if that may need more, and no later one. So the first write
-- of what only reads, keeps or frees something is one that it takes.

local head, state, log = KEYS[1], KEYS[2], KEYS[3]
local asked, lifetime, lifetime_of_nothing = ARGV[1], ARGV[2], ARGV[3]
local DONE, LOST = { 'done' }, { 'lost' }

-- Generations are decimal numbers of 64 bits, and Lua's numbers are exact up to 53.
local function is_older(one, other)
  return #one < #other or (#one == #other and one < other)
end

local function digits(number)
  return string.format('%.0f', number)
end

local function read()
  local g, e, c, s, r, d = unpack(redis.call('HMGET', head, 'g', 'e', 'c', 's', 'r', 'd'))
  return {
    generation = g,
    last = tonumber(e or 0),
    compacted = tonumber(c or 0),
    bytes = tonumber(s or 0),
    is_restorable = r,
    is_dropped = d,
  }
end

-- Why the generation that asks is none any more; nil where it may be the owner's.
local function stale(document)
  local generation = document.generation
  if generation and (is_older(asked, generation) or (document.is_dropped and asked == generation)) then
    return { 'stale', generation }
  end
end

-- Whether state and log are as the head says: a server may evict one key and keep the others.
local function is_whole(document)
  return redis.call('STRLEN', state) == document.bytes
    and redis.call('XLEN', log) == document.last - document.compacted
end

-- Makes the head true of what is left: the state without the log, or nothing.
local function keep_what_is_left(document)
  redis.call('UNLINK', log)
  if redis.call('STRLEN', state) == document.bytes then
    redis.call('HSET', head, 'e', digits(document.compacted))
  else
    redis.call('UNLINK', state)
    redis.call('HSET', head, 'e', 0, 'c', 0, 's', 0)
  end
end

-- Why the generation that asks can't go on with the document as the store has it; nil where it can.
local function refusal(document)
  local refused = stale(document)
  if refused then
    return refused
  elseif not document.generation then
    redis.call('UNLINK', state, log)
    return LOST
  elseif is_older(document.generation, asked) then
    return LOST
  elseif not is_whole(document) then
    keep_what_is_left(document)
    return LOST
  end
end

-- How long the keys live of what is or is not in the document.
local function lifetime_of(document)
  return document.last == 0 and document.bytes == 0 and lifetime_of_nothing or lifetime
end

-- All keys of a document end at the same moment.
local function renew(milliseconds)
  for _, key in ipairs({ head, state, log }) do
    if milliseconds == '0' then
      redis.call('PERSIST', key)
    else
      redis.call('PEXPIRE', key, milliseconds)
    end
  end
end

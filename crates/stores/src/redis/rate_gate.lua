-- Takes of a sliding window, by the server's clock.
--
-- KEYS[1]  a hash. Each field that is a number is a slice, a thousandth of the window's length, with what was granted
--          to count from its end. Beside them:
--          n  what the slices hold in total
--          o  the oldest slice that may be there
--          l  the latest slice that is there
--          t  the bucket's time of the last grant
--          a  how far the bucket's time is ahead of the clock, after a clock that stepped back
-- ARGV     need, block, limit; the window's length and within in microseconds
-- Returns  what is granted, and the slice that it counts in.
--
-- All numbers are whole and below 2^53, so they are exact.

local key = KEYS[1]
local need, block, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local length, within = tonumber(ARGV[4]), tonumber(ARGV[5])
local slice = math.ceil(length / 1000)

local head = redis.call('HMGET', key, 'n', 'o', 'l', 't', 'a')
local held, oldest = tonumber(head[1] or 0), tonumber(head[2])
local latest, last, ahead = tonumber(head[3] or 0), tonumber(head[4] or 0), tonumber(head[5] or 0)

-- The bucket's time never goes back: what has been granted would seem yet to be, and more be granted after it.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2] + ahead
if now < last then
  ahead = ahead + last - now
  now = last
end

-- The slices of a range, or the few that there are, whichever is less to look at.
local function slices(first, past)
  local found = {}
  local range = past - first + 1
  if range <= redis.call('HLEN', key) and range <= 1000 then
    local names = {}
    for at = first, past do names[#names + 1] = at end
    local counts = redis.call('HMGET', key, unpack(names))
    for i = 1, #names do
      if counts[i] then found[#found + 1] = { names[i], counts[i] } end
    end
  else
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      local at = tonumber(all[i])
      if at and at <= past then found[#found + 1] = { at, all[i + 1] } end
    end
  end
  return found
end

local past = math.floor((now - length) / slice)
if oldest and oldest <= past then
  for _, expired in ipairs(slices(oldest, past)) do
    redis.call('HDEL', key, expired[1])
    held = held - expired[2]
  end
  oldest = past + 1
  redis.call('HSET', key, 'n', held, 'o', oldest)
end

local room = math.max(limit - held, 0)
local count = math.min(room, math.max(need, math.min(block, math.floor(room / 8))))
local at = math.ceil((now + within) / slice)
if count > 0 then
  latest = math.max(latest, at)
  redis.call('HINCRBY', key, at, count)
  redis.call('HSET', key, 'n', held + count, 'o', oldest or past + 1, 'l', latest, 't', now)
  if ahead > 0 then redis.call('HSET', key, 'a', ahead) end
  redis.call('PEXPIRE', key, math.ceil((latest * slice + length - now) / 1000) + 1)
end
return { count, at }

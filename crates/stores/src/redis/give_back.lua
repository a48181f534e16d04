-- Gives back what was granted of a window that rate_gate.lua keeps, and was not used.
--
-- KEYS[1]  the window's hash
-- ARGV     the slice that the grant counts in, and how many

local held = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
local count = math.min(held, tonumber(ARGV[2]))
if count == 0 then return end
if count == held then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HINCRBY', KEYS[1], ARGV[1], -count)
end
redis.call('HINCRBY', KEYS[1], 'n', -count)

-- Replaces the log by a state. ARGV: 3 the position through which, 4 the state; where that is large, it is the value of a
-- fourth key, and 4 is how many bytes it has. A copy of an earlier compaction that arrives late changes nothing.

local document = read()
local through, large = tonumber(ARGV[3]), KEYS[4]
local refused = refusal(document)
if not refused and through > document.last then
  refused = LOST
elseif not refused and through < document.compacted then
  refused = DONE
end
if refused then
  if large then
    redis.call('UNLINK', large)
  end
  return refused
end
local bytes = large and tonumber(ARGV[4]) or #ARGV[4]
if large and redis.call('STRLEN', large) ~= bytes then
  return redis.error_reply('ERR the state that was sent beside the script is gone')
end

redis.call('XTRIM', log, 'MINID', digits(through + 1))
if through == document.last then
  redis.call('UNLINK', log)
end
if large then
  redis.call('RENAME', large, state)
else
  redis.call('SET', state, ARGV[4])
end
redis.call('HSET', head, 'c', ARGV[3], 's', bytes)
renew()
return DONE

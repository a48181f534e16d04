-- Replaces the log by a state. ARGV: 3 the position through which, 4 the state. A copy of an earlier compaction that
-- arrives late changes nothing.

local document = read()
local refused = refusal(document)
if refused then
  return refused
end
local through = tonumber(ARGV[3])
if through > document.last then
  return LOST
elseif through < document.compacted then
  return DONE
end

redis.call('XTRIM', log, 'MINID', digits(through + 1))
if through == document.last then
  redis.call('UNLINK', log)
end
redis.call('SET', state, ARGV[4])
redis.call('HSET', head, 'c', ARGV[3], 's', #ARGV[4])
renew()
return DONE

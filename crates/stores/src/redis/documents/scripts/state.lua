-- What each script begins with, after the record, that is given a state. ARGV: 5 the state; where that is large, it is the
-- value of a fourth key, and 5 is how many bytes it has.

local large = KEYS[4]
local state_bytes = large and tonumber(ARGV[5]) or #ARGV[5]
local STATE_GONE = redis.error_reply('ERR the state that was sent beside the script is gone')

-- Answers without having taken the state.
local function without_state(answer)
  if large then
    redis.call('UNLINK', large)
  end
  return answer
end

local function is_state_gone()
  return large and redis.call('STRLEN', large) ~= state_bytes
end

-- Makes the state the document's, as far as the position.
local function put_state(position)
  if large then
    redis.call('RENAME', large, state)
  else
    redis.call('SET', state, ARGV[5])
  end
  redis.call('HSET', head, 'c', digits(position), 's', state_bytes)
end

-- Takes a partition's lease away before its keys are written again.
-- KEYS: fence, lease. ARGV: generation.
local standing = tonumber(redis.call('HGET', KEYS[1], 'generation') or '-1')
if standing > tonumber(ARGV[1]) then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'offset', '-1')
return 1

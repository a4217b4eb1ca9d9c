-- Begins a run of a partition: from now on readers believe what carries it, and nothing else.
-- KEYS: marker. ARGV: run, takeover, offset, life (ms).
-- Returns 0 when a later owner is there.
local standing = tonumber(redis.call('HGET', KEYS[1], 'takeover') or '-1')
if standing > tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'sequence', '0', 'takeover', ARGV[2], 'offset', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1

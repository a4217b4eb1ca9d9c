-- One flush of one partition's values: all of them, or none when somebody newer was here.
-- KEYS: fence, lease, awaited, then one per value.
-- ARGV: generation, offset, lease end (ms, 0: no new lease), renew (0/1), run id, end of the lease that
--   stands (ms, 0: as it is), then per value:
--   'H', ttl seconds (0: for ever), number of fields + values, fields and values
--   'S', ttl seconds, value
-- Returns 1 when applied, 3 when applied while a reader waits for Cassandra, 0 when the owner has to
-- seed again, 2 when a later flush was here already.
local generation = tonumber(ARGV[1])
local offset = tonumber(ARGV[2])
local fence = redis.call('HMGET', KEYS[1], 'generation', 'offset')
local standing = tonumber(fence[1] or '-1')
if standing > generation then return 0 end
if standing == generation and tonumber(fence[2] or '-1') > offset then return 2 end
if ARGV[4] == '1' then
  -- A lower generation in it is the owner's own, from before it took a new one: the fence keeps
  -- everybody else's out.
  if redis.call('HGET', KEYS[2], 'run_id') ~= ARGV[5] then return 0 end
end
local at = 7
for i = 4, #KEYS do
  local kind = ARGV[at]
  local ttl = tonumber(ARGV[at + 1])
  if kind == 'H' then
    local count = tonumber(ARGV[at + 2])
    redis.call('HSET', KEYS[i], unpack(ARGV, at + 3, at + 2 + count))
    at = at + 3 + count
  else
    redis.call('SET', KEYS[i], ARGV[at + 2])
    at = at + 3
  end
  if ttl > 0 then redis.call('EXPIRE', KEYS[i], ttl) end
end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'offset', ARGV[2])
if ARGV[3] ~= '0' then
  redis.call('HSET', KEYS[2], 'run_id', ARGV[5], 'generation', ARGV[1], 'offset', ARGV[2])
  redis.call('PEXPIREAT', KEYS[2], ARGV[3])
elseif ARGV[6] ~= '0' and ARGV[4] == '1' then
  redis.call('PEXPIREAT', KEYS[2], ARGV[6])
end
return redis.call('EXISTS', KEYS[3]) == 1 and 3 or 1

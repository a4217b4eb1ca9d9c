import {expect, test} from 'vitest'
import {LiveLease} from './live-lease.ts'

const OPTIONS = {leaseMs: 1000, patienceMs: 3000}

test('INV-43: while Redis is live, offsets that it lacks are not committed', () => {
  const lease = new LiveLease(OPTIONS, 0)
  lease.revoked()
  lease.applied(10)
  expect(lease.allowsCommit(10, 5)).toBe(true)
  expect(lease.allowsCommit(11, 5)).toBe(false)
})

test('INV-37: without Redis it goes on only after patience and after the last lease', () => {
  const lease = new LiveLease(OPTIONS, 0)
  lease.revoked()
  lease.asking(6000)
  lease.applied(10)
  expect(lease.failed(5000)).toBe(false)
  expect(lease.allowsCommit(11, 5500)).toBe(false)
  expect(lease.failed(8000)).toBe(true)
  expect(lease.allowsCommit(11, 8000)).toBe(true)
})

test('INV-37: a lease of an earlier owner counts, even when this one never saw Redis', () => {
  const lease = new LiveLease({leaseMs: 10_000, patienceMs: 1000}, 0)
  lease.failed(0)
  expect(lease.failed(1000)).toBe(true)
  expect(lease.allowsCommit(1, 9999)).toBe(false)
  expect(lease.allowsCommit(1, 10_001)).toBe(true)
})

test('a lease that was asked for may stand although the answer never came', () => {
  const lease = new LiveLease(OPTIONS, 0)
  lease.revoked()
  lease.asking(20_000)
  lease.failed(0)
  lease.failed(3000)
  expect(lease.allowsCommit(1, 19_999)).toBe(false)
})

test('once the lease is revoked, seeding holds nothing back', () => {
  const lease = new LiveLease(OPTIONS, 0)
  lease.revoked()
  expect(lease.allowsCommit(99, 1)).toBe(true)
})

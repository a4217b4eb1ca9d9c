/** Texts that a page must only ever show as text. */

export const uuid = (n: number): string =>
  `${String(n).repeat(8).slice(0, 8)}-1111-4111-8111-111111111111`
export const HOSTILE = {
  script: '<script>window.hacked = 1</script><img src=x onerror="window.hacked=1">',
  long: `A title without an end ${'verylongword'.repeat(30)}`,
  rtl: 'العنوان من اليمين إلى اليسار \u202Eabc',
  emoji: '👩‍👩‍👧‍👦 Family 🎧 podcast',
}

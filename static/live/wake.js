/** Notices when it is worth trying at once, before a timer says so. */

const LOOK_EVERY_MS = 5_000;
const ASLEEP_MS = 15_000; // a tick that comes so late has been slept through

/**
 * Calls `wake` when the network is back, when somebody looks at the page (again), and when the
 * machine has slept: its timers are late then, by as long as it slept.
 * @returns {() => void} ends it
 */
export function onWake(wake) {
  const listening = new AbortController();
  const { signal } = listening;
  const look = () => document.visibilityState === "hidden" || wake();
  addEventListener("online", look, { signal });
  addEventListener("pageshow", ({ persisted }) => persisted && look(), { signal });
  for (const kind of ["visibilitychange", "resume"]) {
    document.addEventListener(kind, look, { signal });
  }
  let seenAt = Date.now();
  const clock = setInterval(() => {
    const wasAsleep = Date.now() - seenAt > ASLEEP_MS;
    seenAt = Date.now();
    if (wasAsleep) look();
  }, LOOK_EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(clock));
  return () => listening.abort();
}

// Service workers at our address. The pages have none: one that is here was left by another program
// that listened on the app's port, and would read and answer all that this page asks of the app.

/** Removes them; false when one stands before this page, which then has to load anew. */
export async function alone(): Promise<boolean> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  const found = (await serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(found.map((registration) => registration.unregister()));
  return !serviceWorker?.controller;
}

// Removal of foreign service workers. The pages have none: one at our address was left by another program that
// listened on the app's port, and would read and answer every request of the page.

/** Removes them; false when one controls this page, which then has to be reloaded. */
export async function removeServiceWorkers(): Promise<boolean> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  const found = (await serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(found.map((registration) => registration.unregister()));
  return !serviceWorker?.controller;
}

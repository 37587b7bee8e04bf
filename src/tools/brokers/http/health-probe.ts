/** Whether an address answers a GET with a 2xx; what it says is not read, and no redirect is followed. Never rejects. */
export async function probeHealth(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: "manual", signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

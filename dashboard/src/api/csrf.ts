let csrfToken: string | undefined;

/** Sets the token of the browser session. It stays in memory, where another site's page cannot read it. */
export function setCsrfToken(token: string | undefined): void {
  csrfToken = token;
}

/** Headers of every request that may change something. No page of another site can send them. */
export const writeHeaders = (): Record<string, string> => ({
  "x-caxton-client": "dashboard",
  ...(csrfToken !== undefined && { "x-caxton-csrf": csrfToken }),
});

/** Browsers accept a cookie of this prefix only with Secure, Path=/ and no Domain, so another host cannot set it. */
const NAME = "__Host-caxton";
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** Returns the session id in a Cookie header, if it has exactly one. */
export function sessionIdOf(cookies = ""): string | undefined {
  const values = cookies.split(";").flatMap((cookie) => {
    const [name, value] = cookie.trim().split("=");
    return name === NAME ? [value] : [];
  });
  return values.length === 1 ? values[0] : undefined;
}

/** The Set-Cookie header for a session. It has no Max-Age: the server ends sessions, and the browser forgets them when it ends. */
export const sessionCookie = (id: string): string => `${NAME}=${id}; ${ATTRIBUTES}`;
/** The Set-Cookie header that deletes the cookie. */
export const NO_SESSION_COOKIE = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

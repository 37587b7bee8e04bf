import { text } from "../text/text.ts";

/** The sign: a C as a piece of type, with the nick at its foot. */
export function Sign({ className }: { readonly className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="7" fill="#3047c4" />
      <path d="M22.6 11.2a8 8 0 1 0 0 9.6" fill="none" stroke="#fff" strokeWidth="3.4" />
      <path d="M13 28.2h6" stroke="#fff" strokeOpacity=".55" strokeWidth="1.8" strokeLinecap="round" />
    </svg>
  );
}

export function Wordmark({ className }: { readonly className?: string }) {
  return (
    <svg viewBox="0 0 92 16" role="img" aria-label={text.product} className={className}>
      <g fill="none" stroke="currentColor" strokeWidth="2.1" strokeLinejoin="round" strokeLinecap="square">
        <path d="M11.6 4A6.4 6.4 0 1 0 11.6 12" />
        <path d="M17 14.2 22.6 2 28.2 14.2M18.9 10.4h7.4" />
        <path d="M33.4 2.1 43 14.1M43 2.1 33.4 14.1" />
        <path d="M47.6 2.2h10.6M52.9 2.2v12" />
        <circle cx="68.6" cy="8.1" r="6.2" />
        <path d="M80.4 14.1v-12l9.4 12v-12" />
      </g>
    </svg>
  );
}

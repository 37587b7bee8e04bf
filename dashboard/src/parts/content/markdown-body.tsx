import type { ComponentProps } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { text } from "../../text/text.ts";

const PLUGINS = [remarkGfm];

/** Loads only images of this server: a request to another one would reveal what users read. */
function OwnImage({ src, alt }: ComponentProps<"img">) {
  const here = typeof src === "string" && src.startsWith("/") && !src.startsWith("//");
  return here ? <img src={src} alt={alt ?? ""} /> : <span>{alt === "" ? src : alt}</span>;
}

const COMPONENTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer nofollow">
      {children}
    </a>
  ),
  img: ({ src, alt }) => <OwnImage src={src} alt={alt} />,
  table: ({ children }) => (
    <div role="group" aria-label={text.tableInText} tabIndex={0} className="prose-table">
      <table>{children}</table>
    </div>
  ),
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
};

export const MarkdownBody = ({ children }: { readonly children: string }) => (
  <div className="prose">
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {children}
    </ReactMarkdown>
  </div>
);

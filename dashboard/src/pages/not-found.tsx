import { Link } from "@tanstack/react-router";
import { buttonClass } from "../parts/button.tsx";
import { PageHeading } from "../parts/page-heading.tsx";
import { text } from "../text/text.ts";

export function NotFound() {
  return (
    <>
      <PageHeading title={text.errors.notFound.title} />
      <p className="mb-4 text-muted">{text.errors.notFound.detail}</p>
      <p>
        <Link to="/" className={buttonClass()}>
          {text.errors.notFound.home}
        </Link>
      </p>
    </>
  );
}

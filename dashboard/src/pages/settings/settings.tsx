import { operations } from "../../../../src/api/contract/index.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { useDenial } from "../../parts/permission.ts";
import { text } from "../../text/text.ts";
import { Models } from "./models.tsx";
import { Providers } from "./providers.tsx";
import { Secrets } from "./secrets.tsx";

export function Settings() {
  const canList = useDenial()(operations.secret.list) === undefined;
  return (
    <>
      <PageHeading title={text.pages.settings} note={text.settings.note} />
      <div className="space-y-6">
        <Models />
        <Providers />
        {canList ? <Secrets /> : null}
      </div>
    </>
  );
}

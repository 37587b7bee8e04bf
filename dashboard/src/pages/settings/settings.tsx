import { PageHeading } from "../../parts/page-heading.tsx";
import { text } from "../../text/text.ts";
import { Models } from "./models.tsx";
import { Providers } from "./providers.tsx";

export const Settings = () => (
  <>
    <PageHeading title={text.pages.settings} note={text.settings.note} />
    <div className="space-y-6">
      <Models />
      <Providers />
    </div>
  </>
);

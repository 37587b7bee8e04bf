import { PageHeading } from "../../parts/page-heading.tsx";

export const Tools = () => <PageHeading title="Tools" />;

import { PageHeading } from "../../parts/page-heading.tsx";

export const Runs = () => <PageHeading title="Runs" />;

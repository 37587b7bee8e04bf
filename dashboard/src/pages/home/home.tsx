import { PageHeading } from "../../parts/page-heading.tsx";
import { text } from "../../text.ts";

export const Home = () => <PageHeading title={text.pages.home} />;

// The shell: tabs at the bottom on a phone, a rail at the side on a desk.

import "uplot/dist/uPlot.min.css";
import "./style.css";

import { signal } from "@preact/signals";
import { type ComponentChildren, type JSX, render } from "preact";
import { useEffect } from "preact/hooks";

import { loadThreads } from "./chat";
import { keepFresh, linkDown, status, unseen } from "./house";
import { type Screen, go, href, listen, route } from "./route";
import { Icon, type IconName } from "./parts/icons";
import { Sheet } from "./parts/Sheet";
import { Chat, History, RightNow } from "./screens/Chat";
import { Equip } from "./screens/Equip";
import { Findings } from "./screens/Findings";
import { startTheme, theme, toggleTheme } from "./theme";

const TABS: { screen: Screen; word: string; icon: IconName }[] = [
  { screen: "chat", word: "Ask", icon: "ask" },
  { screen: "findings", word: "Findings", icon: "findings" },
  { screen: "equip", word: "Equipment", icon: "equip" },
];

const drawer = signal(false);

function App(): JSX.Element {
  const { screen, id } = route.value;
  useEffect(() => {
    document.title = [id, TABS.find((tab) => tab.screen === screen)?.word, "Plantroom"].filter(Boolean).join(" · ");
    drawer.value = false;
    if (screen !== "chat") scrollTo(0, 0);
  }, [screen, id]);
  return (
    <div class={`app on-${screen}`}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector<HTMLElement>("textarea, main a")?.focus(); }}>
        To the content
      </a>
      <Top />
      <Rail />
      <div class="stage">
        {screen === "chat" ? <Chat /> : screen === "findings" ? <Page><Findings /></Page> : <Page><Equip /></Page>}
      </div>
      {screen === "chat" && <RightNow />}
      <Tabs />
      <Sheet />
    </div>
  );
}

function Page({ children }: { children: ComponentChildren }): JSX.Element {
  return <main id="main">{children}</main>;
}

function Brand(): JSX.Element {
  return (
    <a class="brand" href="#/" aria-label="Plantroom, a new question">
      <img src="./icon.svg" width="28" height="28" alt="" />
      <span>{status.value?.site ?? "Plantroom"}</span>
    </a>
  );
}

/** The phone's top line. */
function Top(): JSX.Element {
  return (
    <header class="top-bar">
      <Brand />
      {linkDown.value && <span class="offline">No link</span>}
      {route.value.screen === "chat" && (
        <>
          <button type="button" class="icon-button" aria-label="Earlier questions" aria-expanded={drawer.value}
            onClick={() => (drawer.value = !drawer.value)}>
            <Icon name="clock" />
          </button>
          <button type="button" class="icon-button" aria-label="New conversation" onClick={() => go("chat")}>
            <Icon name="plus" />
          </button>
        </>
      )}
      <ThemeButton />
      {drawer.value && <div class="drawer"><History /></div>}
    </header>
  );
}

function Rail(): JSX.Element {
  return (
    <nav class="rail" aria-label="Screens and earlier questions">
      <Brand />
      <TabLinks />
      <button type="button" class="button" onClick={() => go("chat")}>
        <Icon name="plus" /> New conversation
      </button>
      <h2 class="label">Earlier</h2>
      <History />
      <ThemeButton word />
    </nav>
  );
}

function Tabs(): JSX.Element {
  return (
    <nav class="tabs" aria-label="Screens">
      <TabLinks />
    </nav>
  );
}

function TabLinks(): JSX.Element {
  return (
    <>
      {TABS.map(({ screen, word, icon }) => (
        <a key={screen} class="tab" href={href(screen)} aria-current={route.value.screen === screen ? "page" : undefined}>
          <Icon name={icon} size={22} />
          <span>{word}</span>
          {screen === "findings" && unseen.value > 0 && (
            <span class="badge" aria-label={`${unseen.value} not seen`}>{unseen.value}</span>
          )}
        </a>
      ))}
    </>
  );
}

function ThemeButton({ word = false }: { word?: boolean }): JSX.Element {
  const other = theme.value === "dark" ? "Light" : "Dark";
  return (
    <button type="button" class={word ? "theme-button" : "icon-button"} aria-label={`${other} colours`} onClick={toggleTheme}>
      <Icon name={theme.value === "dark" ? "sun" : "moon"} />
      {word && <span>{other}</span>}
    </button>
  );
}

startTheme();
listen();
keepFresh();
void loadThreads();
render(<App />, document.getElementById("app")!);

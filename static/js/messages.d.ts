// The messages between pages and server, from dashboard/live/shapes.py: written by `manage.py live_types`.
declare namespace Live {
  interface AccountStatus {
    last_sync_at: number | null;
    last_poll_at: number | null;
    poll_seconds: number | null;
    sync_error: string;
    poll_error: string;
    reachable: boolean | null;
  }
  interface ActionItem {
    id: number;
    kind: string;
    state: string;
    sandbox_key: number;
    sandbox_id: string;
    actor: Actor;
    act_at: number | null;
    outcome: string;
    error: string;
  }
  interface ActionsMessage {
    kind: "actions";
    items: ActionItem[];
  }
  interface Actor {
    kind: string;
    name: string;
  }
  interface Columns {
    key: number[];
    id: string[];
    template: number[];
    owner: number[];
    environment: number[];
    state: string[];
    orphan: string[];
    created: number[];
    burn: number[];
    cpus: (number | null)[];
    memory: number[];
    words: string[];
  }
  interface Counts {
    running: number;
    paused: number;
    started: number;
    ended: number;
    ended_by: Record<string, number>;
    cpu_p50: number | null;
    cpu_p95: number | null;
    mem_p50: number | null;
    mem_p95: number | null;
    burn: number;
    orphan_burn: number;
  }
  interface Figures {
    running: number;
    paused: number;
    started: number;
    ended: number;
    ended_by: Record<string, number>;
    cpu_p50: number | null;
    cpu_p95: number | null;
    mem_p50: number | null;
    mem_p95: number | null;
    burn: number;
    orphan_burn: number;
    now: number;
    at: number | null;
    took: number | null;
    frozen_at: number | null;
    hot: number;
    orphans: number;
    marked: number;
    soon: number;
    status: Record<string, AccountStatus>;
  }
  interface FleetMessage {
    kind: "fleet";
    figures: Figures;
    roster?: Roster;
    values?: Values;
  }
  interface FrameMessage {
    kind: "frame";
    figures: Figures;
  }
  interface Moment {
    t: number;
    exact_t: number | null;
    figures: Counts;
    roster: Columns;
    values: Values;
  }
  interface Roster {
    key: number[];
    id: string[];
    template: number[];
    owner: number[];
    environment: number[];
    state: string[];
    orphan: string[];
    created: number[];
    burn: number[];
    cpus: (number | null)[];
    memory: number[];
    words: string[];
    full: boolean;
    gone?: number[];
  }
  type Row = [key: number, state: string, orphan?: string, act_at?: number | null, end_at?: number | null, cpu?: number | null, used?: number | null, allocated?: number | null];
  interface RowsMessage {
    kind: "rows";
    figures: Figures;
    rows: Row[];
    sparks: Record<string, number[]>;
  }
  interface Said {
    show?: Show | null;
    hidden?: boolean | null;
  }
  type Sample = [at: number, cpu: number, used: number, allocated: number, disk: number];
  interface SandboxMessage {
    kind: "sandbox";
    figures: Figures;
    state: string;
    sample: Sample | null;
    changed: boolean;
  }
  interface Show {
    page: string;
    rows?: number[];
    sandbox?: number | null;
  }
  interface Values {
    cpu: string;
    mem: string;
  }
  interface Messages {
    fleet: FleetMessage;
    rows: RowsMessage;
    sandbox: SandboxMessage;
    frame: FrameMessage;
    actions: ActionsMessage;
  }
}

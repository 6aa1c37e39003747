"""The roles of Sandwarden's own processes; one process may play any set: `python -m config.roles work acts beat`.

web: pages, REST, sockets, the webhook receiver · work: polls, judges, rolls up · acts: whatever mostly waits for
backends (sync, reconcile, actions …) · notify: sends notifications · beat: the clock that says when. The supervisor
runs web in one process and the rest in another, and adds worker processes beside them when the fleet is large
(docs/configuration.md).
"""

"""What a template is called wherever one word stands for it: its name, else the sandbox's alias, else its ID. Pure."""


def template_shown(name: str | None, alias: str | None, template_id: str | None) -> str:
    """As the column `Sandbox.template_shown` says it; an empty name or alias is none."""
    return name or alias or template_id or ""

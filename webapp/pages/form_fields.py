"""Form fields that several groups of pages share."""

from django import forms


def checkboxes(
    label: str, choices: list[tuple[str, str]], required: str, initial: list[str]
) -> forms.MultipleChoiceField:
    """Return a field of several answers, at least one of which is needed; `required` is the message without any."""
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        initial=initial,
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
        error_messages={"required": required},
    )

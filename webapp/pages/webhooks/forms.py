"""Forms of webhooks and of the networks that they may reach."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from django import forms

from webapp.analyses.events import EventType
from webapp.pages.form_fields import checkboxes
from webapp.webhooks.ssrf import URL_MAX_LENGTH

EVENT_NAMES = {
    EventType.TIMELINE_PUBLISHED: "A timeline is ready (the labelled video follows)",
    EventType.SUCCEEDED: "An analysis is done",
    EventType.FAILED: "An analysis failed",
    EventType.RECORDING_DELETED: "A recording was deleted",
}


class WebhookForm(forms.Form):
    """Address and events of a webhook."""

    url = forms.CharField(
        label="Address",
        help_text="The address at which your program receives messages.",
        max_length=URL_MAX_LENGTH,
        widget=forms.URLInput(
            {"class": "form-control", "placeholder": "https://example.org/emotrace", "inputmode": "url"}
        ),
        error_messages={"required": "Enter the address at which your program receives messages."},
    )
    events = checkboxes(
        "Notify about",
        [(event, EVENT_NAMES[event]) for event in EventType],
        "Choose at least one event.",
        list(EventType),
    )


class AllowedNetworksForm(forms.Form):
    """Private networks that webhooks may reach."""

    networks = forms.CharField(
        label="Allowed networks",
        help_text="One per line, such as 192.168.1.0/24 or fd00:1::/64. Leave it empty to allow none.",
        required=False,
        widget=forms.Textarea({"class": "form-control", "rows": "5", "spellcheck": "false"}),
    )
    sure = forms.BooleanField(
        label="Every account may have messages sent to these networks",
        widget=forms.CheckboxInput({"class": "form-check-input"}),
        error_messages={"required": "Tick the box to confirm."},
    )

    def clean_networks(self) -> list[IPv4Network | IPv6Network]:
        found = []
        for line in self.cleaned_data["networks"].split():
            try:
                found.append(ip_network(line))
            except ValueError:
                raise forms.ValidationError(
                    f"“{line}” is not a network. Enter its first address and its prefix length, such as 192.168.1.0/24."
                ) from None
        return list(dict.fromkeys(found))

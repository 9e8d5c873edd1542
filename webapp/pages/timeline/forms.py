"""Forms of the result page."""

from django import forms


class BaselineForm(forms.Form):
    """The span in which the person is neutral, in seconds."""

    start_s = forms.FloatField()
    end_s = forms.FloatField()

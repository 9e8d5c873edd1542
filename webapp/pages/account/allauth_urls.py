"""The pages of django-allauth that are in use, under the names that it reverses."""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as codes
from django.urls import path, re_path

from webapp.pages.account import views

urlpatterns = [
    path("login/code/", second_factor.authenticate, name="mfa_authenticate"),
    path("login/inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    path("password/reset/", views.requires_mail(account.password_reset), name="account_reset_password"),
    path("password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("account/email/", views.requires_mail(account.email), name="account_email"),
    path("account/email/sent/", account.email_verification_sent, name="account_email_verification_sent"),
    path("account/email/<str:key>/", account.confirm_email, name="account_confirm_email"),
    path("account/again/", account.reauthenticate, name="account_reauthenticate"),
    path("account/again/code/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("account/", views.account, name="mfa_index"),
    path("account/second-factor/", views.EnableTOTPView.as_view(), name="mfa_activate_totp"),
    path("account/second-factor/off/", views.DisableTOTPView.as_view(), name="mfa_deactivate_totp"),
    path("account/recovery-codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/recovery-codes/file/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]

"""The forms of signing in, of the first account, and of the Account page."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.web.forms import NEW_PASSWORD, match_field, strip_text

_CODE = [DataRequired("Enter the code."), Length(max=100, message="At most 100 characters.")]


class LoginForm(FlaskForm):
    username = StringField("Name", [DataRequired("Enter your name.")])
    password = PasswordField("Password", [InputRequired("Enter your password.")])


class SetupForm(FlaskForm):
    username = StringField(
        "Name",
        [DataRequired("Choose a name."), Length(max=100, message="At most 100 characters.")],
        filters=[strip_text],
    )
    password = PasswordField("Password", NEW_PASSWORD)
    confirm = PasswordField("Password again", match_field("password"))


class SecondStepForm(FlaskForm):
    code = StringField("Code", _CODE, filters=[strip_text])


class NameForm(FlaskForm):
    username = StringField(
        "Name",
        [DataRequired("Enter a name."), Length(max=100, message="At most 100 characters.")],
        filters=[strip_text],
    )


class PasswordForm(FlaskForm):
    password = PasswordField(
        "Current password",
        [InputRequired("Enter your present password.")],
        id="present-password",  # another form beside it asks for the password too
    )
    new = PasswordField("New password", NEW_PASSWORD)
    confirm = PasswordField("New password again", match_field("new"))


class ProofForm(FlaskForm):
    """Both factors, before one of them is changed."""

    password = PasswordField("Password", [InputRequired("Enter your password.")])
    code = StringField("Code", _CODE, filters=[strip_text])

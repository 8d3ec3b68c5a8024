#pragma once

namespace masar::test {

/// A MsgBody and its signature. Made once, and not by this code:
/// `iconv -f UTF-8 -t UTF-16LE body | openssl dgst -sha256 -sign switch.pem | openssl base64 -A`.
struct Vector {
  const char* body;
  const char* signature;
};

inline constexpr const char* kSwitchPublic = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArL1kNhTNCRQq6/QQIORi
bvlhz2NXQ9lGlqDQT9oBdvHtMd8KQs8ogAKzymSfSQJOP2+tF0ptitSRsdxiGbFL
5yTZlCS8ZoZnYKAPCtDz9b/yM92l/0l5WHujr295Q5tXIbBvfhqZVESXvDT92X4P
7Q0OKNNQ1qK1uugE0iQ83PAnLreTr1ijZr/AKG+A/pqVmNvIYfX2r1+cUjM/OzqU
dPCN2X/0czvyKX+WaQdYnDgCZgUCtEGXcYB+UOcMsakYJC/p5nJtNLugGmKPa8lh
vlHYULuh17dd42KE+qiL2POm4eNEz7dmU3McEmmusZXtJoL9SUJGzEUzs1ceVxl4
PQIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr const char* kSwitchCertificate = R"(-----BEGIN CERTIFICATE-----
MIIDAzCCAeugAwIBAgIUUkZqY+B2OeBE3iB7ZIqhFg3SRFgwDQYJKoZIhvcNAQEL
BQAwETEPMA0GA1UEAwwGc3dpdGNoMB4XDTI2MTEyNDE2MjQzMloXDTM2MTEyMTE2
MjQzMlowETEPMA0GA1UEAwwGc3dpdGNoMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A
MIIBCgKCAQEArL1kNhTNCRQq6/QQIORibvlhz2NXQ9lGlqDQT9oBdvHtMd8KQs8o
gAKzymSfSQJOP2+tF0ptitSRsdxiGbFL5yTZlCS8ZoZnYKAPCtDz9b/yM92l/0l5
WHujr295Q5tXIbBvfhqZVESXvDT92X4P7Q0OKNNQ1qK1uugE0iQ83PAnLreTr1ij
Zr/AKG+A/pqVmNvIYfX2r1+cUjM/OzqUdPCN2X/0czvyKX+WaQdYnDgCZgUCtEGX
cYB+UOcMsakYJC/p5nJtNLugGmKPa8lhvlHYULuh17dd42KE+qiL2POm4eNEz7dm
U3McEmmusZXtJoL9SUJGzEUzs1ceVxl4PQIDAQABo1MwUTAdBgNVHQ4EFgQU6MKb
K7kJlJFRp7ohXTIacucxO/UwHwYDVR0jBBgwFoAU6MKbK7kJlJFRp7ohXTIacucx
O/UwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAKPpMzlJb5YJe
U4FUCVxcnYy3tMZnq5+SR6L6V8StngL9j6PX7YVxk2WK/c7ZvBzi5ZqNaMV6nBSN
fALBuWSKSri+jOxhVLGn7rAfhL95Qdy+lAD4CVkwD+tTu+sHzLg8zdNrv4K7XUi8
bLpAttKCbtqC69peUCi0g6QyW1X8xt21xgRWGL9bbuuwo/pPZVoGoUZKp2ng4TR3
NttKSVwl08dx/jiKw5c76sg6zCP/nM9QXoEBzfUtnWpWnGY47Hqhray397P3ykO/
pPQ0uIwMMr8pmpyoDQFDQ9tlhYyXHgs+RxBsTq4XvhisjtUYErBSKC/c/dd9s6C3
qdrMfzoekg==
-----END CERTIFICATE-----
)";

inline constexpr const char* kHubPrivate = R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCYOs6PQUxAeVDA
+t6ljycuMjpIQw44U3sJOgraDGFEMwf+GtCW/xxavtoOeP8G5OA0BgORSZhtSaxk
K+1+Bow4yMq/JrsmIOgHxAVoI7KQdjyAZCKLZVwqPh/QFb4nuwrx/OAnXv1qnQ42
/Fhoc9sgFah3jIJftW6cAIAzDo+GcEoI4V6MH+b9HI63H5i7Nn2uSO0Zzj9P+/zM
V4KhqK0CyUTSNwS0XdaWIUDXOFKIml6Jy7qB40omMLVawbUWDDJe8hDbvPx2xbyJ
KEN3/WgxlxrkKvdld5aUoRroxYnOHrHmFOnG7M+h0GU/vw+L7Lg2OXaODVQlO8oc
/VdpfIYTAgMBAAECggEAJgEsd3xEVqZS4FLhSfDyxag5f7fp8Wr6AQQyGFzV3apl
2O0F3WSkRg12r/1KIgT66lIECv4WJVaqyLlkyb1FvZl3cIBxYaP+eY3ZEbYzyrgS
A7W8IBP2jf9DfvYmqpGaOm644WtoFflOxrB6O92Mu7ZcgDgehllr21uOpfCBKX01
e+kkOhZZFeiG4XVWAZNF0ZbQh+NFw4+6BBm8gs6MndbEp8nZfiMokQQp2rasyCAW
0Vrh3U3GcQiQyYj48aOlSQNMYr7DZ96BbBD2o/vQ08Zd0l+ng624YwjwAq3Gp9vz
CfNdD+9A9KTaTRP2HqYl8qoGy7ajfWQXWCyIEUFUSQKBgQDOWv1B0a3EFu0v8m5J
fS9qP98gqo3aeT2ZtjegSQXT10hHF1oyNPNmTk8+WiZ0Y7yRWaINCXyzZ/KuY2GO
PYTQ9SGcaJVL5ZoC/eO/r5Bb9oFxrSGIoh+/A0fKYUtLg5oaFY3OubqVTZG7W2kK
CDby5V1dVRurLvin0MJd81xjOQKBgQC82lM7PkItWNU568ww1bFHsVbLRgiwpg9P
OdVtuXal7/CC9XlobC0R4+/5impxTWaRf2a8DsjmUvxKkr271HWXdi536DI9rD+Z
Xarw9wWansfvgMl0uBrz5kng68ZbtlISdguvnDs/8KBoeZ1z1g2l0onKckoVPDVm
hygv5B03qwKBgAEvFHTkNxMA7qtvwKI7TaJWa3lMgTPXrjrLiNYqlRX6DjgaMjJH
i33yxRGegsn4KITM9tkMTOLandHSUCT4xWJNhbvX/cNJtfB+dGgNIc7lQyjbzW1z
QKtf4XGPzVbJkoDDzuR4vFFO+J8Sjy+3jFkoZ7i5XEdHJbYQxIy1cLpBAoGAPOZy
3LHxCUqSSEFf8YeXybTIdni5KK4EVdoil2Wte0lq1/BtHF12E0TcCC64sJzzLIxX
BuIFqzCrpyi3ArE60oML7SL1wKmhQMXR8C7Yocn+U5/GV1tfZbOns16U8tJSmR10
G0dYXAAu2kINomMut4CzapN8jGiEF/IR5Y+8VE0CgYEAzbwABo8nDIBt8BE3PCqB
5ahzHKGGIZPTkb5veUULCeifYQAV0FZAyqCfYdM+0O+OCXDiKc5quR7X/VOGXEJ0
eLcqIFEPomwH/IkWQqU1FOgOdamZCogizaBOO1MifDHCd5rJsf9EGylAv9vjiiT3
LLfQK4GsD/VTs+N2X6ZCgGM=
-----END PRIVATE KEY-----
)";

inline constexpr const char* kHubPublic = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmDrOj0FMQHlQwPrepY8n
LjI6SEMOOFN7CToK2gxhRDMH/hrQlv8cWr7aDnj/BuTgNAYDkUmYbUmsZCvtfgaM
OMjKvya7JiDoB8QFaCOykHY8gGQii2VcKj4f0BW+J7sK8fzgJ179ap0ONvxYaHPb
IBWod4yCX7VunACAMw6PhnBKCOFejB/m/RyOtx+YuzZ9rkjtGc4/T/v8zFeCoait
AslE0jcEtF3WliFA1zhSiJpeicu6geNKJjC1WsG1FgwyXvIQ27z8dsW8iShDd/1o
MZca5Cr3ZXeWlKEa6MWJzh6x5hTpxuzPodBlP78Pi+y4Njl2jg1UJTvKHP1XaXyG
EwIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr const char* kSmallPrivate = R"(-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBANVKcswDY3vwVlu5
HiAtXj88mVeBWtWwD9WKHa83rf2cO69mWbFY4OgD4SlWPQMqSv2nPjgHoyTo7vBw
N0Q6VEA5w8TvQNbKCmqpQ+DWq3YQ87lEQqslsNs/VTPCZ0S99nYiZfZg1DfWqMPD
KZk2nT1+kaMzsNOsXiqZ/XbZue4vAgMBAAECgYA5x9NVhU18E92xN3L70I6JnwcD
d5196hZACQyFnRXbcGmS2K1Pp/41nGdw5VXd96UdFiN61kbSBvBD3oJ6TzrnNESq
sv4wmRWK2D6vOZctLLs0ELu20cON4ohXcRjhcKvNo+4jRTV4wmHliK2tmTfwWQWv
RXXEa/2N/qXG8SToAQJBAPxIRtC49cX9HQM3CuFLtld4YiHNyWlJECULGqlNwk77
Z0cuOrZzuiChAh0fgrw/wfOJtmvndPLgu4mllOVDrgECQQDYbxP/i5rkEWZAQbu9
ggbmQzzkdPInEu0wSj4bJH0/wQfEEEO8PwKLKq5gSk6r4z382ziNOrUSHHqRSKlr
BPwvAkEA3LSGb1dAfGNBHGzs8ciAzukcQKJ9j8RBgYbDXlYOpXY/FgCVkMSRkrYI
2V2VzAajMOHLW37zyv9cUcEwD5o0AQJAdVcLhZFfoWSZhh7dNSooqXAstEN/AZYu
R+8IatjGmukBV9flkUqsC11RetzueBxUgCEuMMtyXeZYwSmeyGnEewJAe5cbk4wZ
anolgMVaDwClyG72LSO4MqpWXQVavAp+FzSXQkv5Iwk4RZNq05DYMz69Bmn6fAcT
rPtzUHDsdrZo4g==
-----END PRIVATE KEY-----
)";

inline constexpr const char* kLockedPrivate = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIsWVN+iYZITICAggA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBDihBZ/zyVmQWWRl0Psr9iSBIIE
0O6sVs5KLjgOEl0rotw3FucGtbtLSVCdIFwZ1YNtmaS53qUG6+h60G5rGnDnvZHy
qopyuDuF3n5WVuQZIUBOQwd9p9RZ7s4J5x9cOXC2FQ/ogB6QyndIayDajToOlJjN
Z5XTsdJfqKYGbD7zScTgsj1j1X3r8YmMjrKL6ZN8UwgBxEUoyLD+thteQDPIuk25
KJCynx5rQzMbCef+lAEVfMQJq7OjA6nvOXMtn0JXyCOjkKMLKamlMM2fUDdcm6b/
K/o9H/kbUXrsB8LOyA+C6YWhrmzoRAw9/phTk7FzPPSlkCr65fm9tR2laBAt7MQS
t02pJdFm8l5MYgkou0CWhJz1TP9SiGlaUWqm64f8RHGzj+enYDN0/OJWCLnXd2FC
rp1qoSAUnqfl97zSepXOmHrqPAJr8HlfeH5r1g+kt4TY1j0Pey7xvVXDvwAqZ8Wc
+wbta+bh2RPLLuFlu4GVkY59WYHWwgr1/nQlfONbq6asmYN7r9TIdmWsgUHzcXiV
9FV7awrXr4HkqFR2x1gIK/pi0lz1tg9pZvO/ZeIa80B9mQpfU5GALJ9a39WxufzZ
ADIZJj3Jv2FSwCHQvqcaC47MvYpcW4PapDH4XhMOHvpOnjX02YmGDJk3ySq7jbMG
QokbbLK11sMAPBqRO5Pm+D3vjFEylP1+8XqYYeA5bHuQLRMLLD9BvsM9bmKVoQy5
Nl+GWtPMqGTlPZF+gUqHWG5ceUBp29rCFYVX3aYTWUVSEvxP+ov2o4rkuo2NE3nA
mhAjINn9enDnjTeEOH1JJxmviyETQolYgmQY1FxDTI3Uyswza3JbZZU+V6uFpp2j
6InGHQAjsMKmSP8szt2/Ib95urFQmL9f15Qpt5SwA+8hZ6vhSy+cwN2sVN2L7Qp8
LA/LxRm4h0XvjPAMBOr5t8/Z9guQjtiIekfbu/gAtkUULx6FsMcJA/OY3/9K3D3Z
f/tCoFic9lIEJ54yVMO9A0p4sWyZ2cxGrGc/RihpyXan5OMn1TxkwhcADX82kjD+
Nb6PtxG/GjzdrSb+Ygb4Y0yGS6l+4UmaYPq1/0QvG1THNwvc5tszKwpMFigd0ae9
b3jCx2yYZCeu2rH7zqPCly3+xtKTY+wyH8EUMLNRaQiBF4QXFYq5vqP/7xGTLpwO
za6eRzvQR5O9JsqypVCA3uIGChpz5VVauOnMQ5FefaUQvuS0cBkoVU+ho+KSQd1F
OlhRN5bYExIbxY+zHzyra3PZvU8j5IOWePGlmzRfykOUMRYLNI2o7X/yCNr7pCIr
g5dYfFe4zJs2lOvdhCOJGtTzRFCo0OC7zpkV9aQ3KBKaLBZbwjjM+sf+LCWsJRMy
/MW770IciRzanDuevsFWqFP+++PeUwpZRE86cBVNigUDyXCcuDNDVoBdABziem5W
6fnxhhxdN8BnUhNKorAovz5r6VoBcl3YI4VG7tyTSDDI4IvCYwqsOAqwLTWtXD01
ObrOTsO335VFTGsHFE3+WDtUIYhTRsRFbRWt5xlPcLILnL+6GZ9C6VZKkZGAq6rA
ctCuLmPy1steoXKJQc3J5uW+jfRy02FymrH7d63eok0SCQrZsrZlAMavCokTYp2J
LKuLcjPwXhVulM1Mj3jpXNUa5HTZyczfGQdio+stTiSf
-----END ENCRYPTED PRIVATE KEY-----
)";

inline constexpr const char* kCurvePublic = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0FWUyZ316hbWE4Pn7ABKaoMUS+Na
fQXf6GaDx2GKuJEF6czDVvO9whma/1fsUuUg3cfTVTZ0E85qkCszxTPQcg==
-----END PUBLIC KEY-----
)";

inline constexpr Vector kPlain{
        "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>202600000015</BillingNo></AcctIn"
        "fo><JOEBPPSTrx>77001</JOEBPPSTrx><PaidAmt>125.500</PaidAmt><ProcessDate>2026-01-04T0"
        "9:30:00</ProcessDate><STMTDate>2026-01-04</STMTDate></TrxInf></Transactions></MsgBod"
        "y>",
        "d7hLTBc3HRCBaK2ZQmg8voCSXCimGKYMoWL28pcxT4ykyrcbIQf5/ltRz2LYEeb5ugWwhel3fcTMcXi/tYQY"
        "Rlb5fH6VedyCG4Z29vJAUaJYCs0wDFSUpbKiiUVvo/oqxV6DREViOnGxB08alU+5h1oGSlOyIWcN1Du0nluM"
        "VQOgDJ3MXndpjnYqTkkX83tNhA5xl1QhhTT0qlHL7vhbPuJNFCDMI5c6eDZTEBj/TM92Ajmy/Lc80T5+ViGP"
        "TLHRmlXXcMMDN7uEUqQB3arCTswmIcXmxOMYIpvMifjacASZ0mDiK/G4+KOPg3bFvtKptRaR3G+m/Z3yX/th"
        "CacpOg=="};

inline constexpr Vector kArabic{
        "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>202600000015</BillingNo></AcctIn"
        "fo><JOEBPPSTrx>77001</JOEBPPSTrx><PaidAmt>125.500</PaidAmt><ProcessDate>2026-01-04T0"
        "9:30:00</ProcessDate><STMTDate>2026-01-04</STMTDate><PayerInfo><Name>محمّد عبد الله "
        "😀 الطراونة</Name></PayerInfo></TrxInf></Transactions></MsgBody>",
        "Tj9IZ0ioICmq6DpjvQ5pkpPjUaMxHtsyygokGwrfLEvnVwtxGVJTAGI9TzL4oCUsymmDzZv+F2hKGU2PfBjn"
        "8SQoZO/V3MBFlOGjYKf8HbYUIvysGdvBnoHbKSNShmNuvw7dQY3sDp5E74xTICtaFZBy9K7+rP8AkMNcfuke"
        "8uYhP70Nc7uh214QNdgzaiJA88riC5KtnOVy1mwZ+6IVobLGpo+CzlQ6l9OuFQkl/TPLeVeavypXWxLCj1df"
        "FMPWsxlWqdcOkGq1Y5Ex5HUpQZvVm++inlkyV9TJpBNd0YkqcSUxYD1/OUZIc/jmkfXTRU1vPg7AFMEP1y9N"
        "oCIjiA=="};

inline constexpr Vector kTwo{
        "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>202600000015</BillingNo></AcctIn"
        "fo><JOEBPPSTrx>77001</JOEBPPSTrx><PaidAmt>125.500</PaidAmt><ProcessDate>2026-01-04T0"
        "9:30:00</ProcessDate><STMTDate>2026-01-04</STMTDate></TrxInf><TrxInf><AcctInfo><Bill"
        "ingNo>202600000015</BillingNo></AcctInfo><JOEBPPSTrx>77002</JOEBPPSTrx><PaidAmt>3.00"
        "0</PaidAmt><ProcessDate>2026-01-04T09:30:00</ProcessDate><STMTDate>2026-01-04</STMTD"
        "ate></TrxInf></Transactions></MsgBody>",
        "PLL73tbLaWIdwSCykTQpHDCd3t/VqNNwAh3L8q4agvxvrraGJD8Mx9NRrZAZ/s6QjBEEzQd7Mj6pJXkSAG+A"
        "EWOwW2IDJ+8maiNDG/euWwhKFUk3N4iw7g+yj5Yxn+0TMKO7CJXzpN38e3HbeOhJyA9MDqUAs814B6g4AVCa"
        "iVS4PImdGFh1HifAoCb4wuEWetAZJRdi/eMSQNREz7+YXtnvKoHk1ZBaWk0ncFsJmbBZ550K6aDVDylY7LDy"
        "o+XdroZP9CC7uBMuJwI9SkKRlcVRDUqBNpVEffYCTPkHWh914sWkcKlUP8tqAqBtTMtSmKVrOLFInWFE9iUP"
        "dK5BMQ=="};

inline constexpr Vector kComment{
        "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>202600000015</BillingNo></AcctIn"
        "fo><JOEBPPSTrx>77001</JOEBPPSTrx><PaidAmt>125<!-- 9 -->.500</PaidAmt><ProcessDate>20"
        "26-01-04T09:30:00</ProcessDate><STMTDate>2026-01-04</STMTDate></TrxInf></Transaction"
        "s></MsgBody>",
        "HmRtvhYKUP8tjKqfZXpNXPY6TyOv+EyHpeTxInMLEdpmvgAaSu/+1aOi05MAv8RwF2Wb3i0j9gKTlxPSROo2"
        "A1xcKdzO1n5R0bZIkQgVa6VS5MmdptCD5RtUvgGDUau4VuTVG73mblGM4ixxnbN+s4kECvbGq8geJj0ijaVD"
        "sYEsmBTK06pHACpyWQzpcWLAa6tZWVbCADxJL48k8bUK3u5JgUPD+T6dVJsqi5cxl/uxpyHrrq1k9jjd+KkA"
        "at0DvOs/b2ljLu0uIuE6JlZRbzl7yj4x6pRQkpwdTnRzsnDlnogwIOkKJy5DEJYSvtAW89yi5bFIwyb5sq2D"
        "83epPA=="};

inline constexpr Vector kCdata{
        "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>202600000015</BillingNo></AcctIn"
        "fo><JOEBPPSTrx>77001</JOEBPPSTrx><PaidAmt><![CDATA[125.500]]></PaidAmt><ProcessDate>"
        "2026-01-04T09:30:00</ProcessDate><STMTDate>2026-01-04</STMTDate><Note><![CDATA[</Msg"
        "Body><MsgBody>&]]></Note></TrxInf></Transactions></MsgBody>",
        "Ht42ngUMEZTs1rN8hw/d6HKzsEj+v5miZKHidE4MHPEiqLdcjzEoqrQSgRPS4IJSDMwf3mtadi+/hryAlmDV"
        "rrL0YZTs4o2UGMM1AcjfioZNLUvNOyl4reDtoynb3NjK3+e3cc4iUJdA422VGor/X9rGMAF5SJuYHyNetc0r"
        "Vt62L/X9Ao2vuSCFqbwulMEBeTgaRWBozOCZorhWfEQyX20/0hIo6wIPR+Hs/nSgtTNM/MrGv2fNFqvgsUPJ"
        "j0M8miFf78bYL1I9ELAdFcyNH1odGQop4p5bH9HJIH2TTDHFuK151+rgAe1rvXa/8mpQuyflZUrFtuOUeWXY"
        "A5KSeQ=="};

inline constexpr Vector kInComment{
        "<MsgBody><!-- </MsgBody><MsgBody> --><A/></MsgBody>",
        "fO3gV4Q0BhdK61YtL9KnG3RM/B4vut0AibR3zBvRxWeRLApvcmjBo05APJZuvVSuvV+Lu2n9lsXSVNhlO36Z"
        "yG6oLL6FPjA/zJvOeyxJ5VWFfF/ql3MzZpOeeE5NfkoXynixkdasXOh6rFDdab3+upNmPTsj3BD3K3IEVEIA"
        "X3E+SbBdAJwKEe1P5zGuEMXLx/nR+U/jG4ja8CEide/Lp7Iwy56cPpuryR/pCsulP1wDkVypWYYPgXFVyJRm"
        "lwoubuGELj/RdUDHg9ld/N68GIiROC3hID/H9aewMkWfFdfww2XlwvHECSABXxsKKXFn17+3vMGTnQPFAtQJ"
        "4pQxFA=="};

inline constexpr Vector kQuotes{
        "<MsgBody a='>' b=\"'/>&lt;MsgBody\"><A c=\"a > b\"/></MsgBody>",
        "YkDoginBGg7UDEfa4AdMvOJ2tj/Xj3dthnbTxy9IdOwYOp3GOBnLByF7yHmT9YSYfeqb/Z1E8sNqx2ZgnDFX"
        "nmYEdf4w6reyiWdc7IrRvy9tVuJbtdu3ztRbXdDAqIt3djgl0DNi9YQmChtX1f2BB0xdLpd5RqwaOdHF8+0r"
        "FYMiZc4s8RuIAxgQ+3doaOE//4MLUOFi9/KeIJRTL89D1i+pIJJAA0eNKKdQluIEYT29o4YjQNjwFfbxewYu"
        "G6O2brJMDqiCmw+17NLD7TWcRR711q1pjB3/Kb10i+lJdBhEeSfzy5sbxlrw70l+9Tk5SZ4jAuqc/ld5ZWQM"
        "Hi8OSQ=="};

inline constexpr Vector kEntities{
        "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>202600000015</BillingNo></AcctIn"
        "fo><JOEBPPSTrx>77001</JOEBPPSTrx><PaidAmt>125.500</PaidAmt><ProcessDate>2026-01-04T0"
        "9:30:00</ProcessDate><STMTDate>2026-01-04</STMTDate><Note>a &amp; b &lt; &#x645;&#13"
        ";</Note></TrxInf></Transactions></MsgBody>",
        "qpNpnnrRbCeggNF0Oxq+po7UKAox0fxhhanc94e/Su06ijHvxo6OhCXWsOcCuX7rH5mB9TSG3KZJZ25iYUvT"
        "e4C9zXCKWFQgmqqC3gbARNvll/GhP0Rrhk85dvLa457dsM8u3MrcewObzCtYwMNhbh142oeUeXOEgOhpUmqW"
        "wPCrnPdDWKnrocWEe+63sR2131fLtHEzBbIzgIR4MBksu8E9lfqIfYbo08T7eWVDo86ijVTpRQednOu7a2d5"
        "tZ+wnh7dCiAnfxmm1u9NTipsYQLJ9dwhKpUTXjWGyqYvWFBEdur/hFrXXc4ShPmXQ3Xrl7JQu2acUz9CTbze"
        "NDelmA=="};

inline constexpr Vector kEmpty{
        "<MsgBody></MsgBody>",
        "QlVAwU7iQWH4DkQnhdg1RjC5+625L9b1sZOnPvgt//aT/eDX4LH7eglVSlmCD8EHd+VMFVm0kd9HQOnfahqo"
        "uohQGOw6o2MRRtJx2Btvgebn0vmdAvIaKDzBPQkd00j2pJIxORkQo5xSXkY6J5ZsMxjJqYtd465u7HkzHxKH"
        "QxlbV7s+HN7PADDB0bLadyZidIYUPKY+2fv3WZ3x5sAu8B/daNDrp7xVXLan7ZK92VxKIKh0Gu8FqH/Iqt+2"
        "ALqyYQ3Y7/2kdqxdANOZe8B/fu9WwXPUlfrc4x7dyZULXR9CfBJ5gGVyQaNlPBsLXIYnGLASVBaesP3w/vtz"
        "iuJwjw=="};

inline constexpr Vector kSelfClosing{
        "<MsgBody />",
        "IovFUpdkDIndNfKglo4l+RnqC7HGulHTV6LrbZozHXweoDLW3Q91TbZtG3gaoWd9bx8f1RzPExxn61L0j5c5"
        "tUATq+qpGaFqKZ2WfY+ItZqlIVEvEYgv033uj6E3MIdnEteEd99xcXJiCeArxawuCahM1q9Sy8Dl4QjpOFcF"
        "Uk3EW59Sz8alez5gzsjK6K9dBS0xcyc79i52E91ljxiALCKZ1X72e+rV1HK27215znaS4H3WhZnsmPMLxwU3"
        "xxgvV2lAgzoEanSPVD//YSEhvP8O66oMd7JDxDwXAwnbJr0cUG023poBD6CQQ8VKma87Rpgvnfzs0zcYLu7n"
        "jAyzNQ=="};

inline constexpr Vector kNested{
        "<MsgBody><A><MsgBody><B/></MsgBody></A></MsgBody>",
        "JykClmf1MbALnrNGTWhag8ldIbV7+gBd9/LM4n5fHsRjI/iTJ49P/A/tcezIp1J5R1lJ0AE629kVWhqREqaN"
        "D/7JsBafwFJnpEBLoAgDbIamV3lwIngZWiNevBkON5EyFLjSAj56MFyZOVpxGTY6iRtYW7dX0BxwjkcLdFc6"
        "HeqaopB09Yr3AGWetm61E1uEKcep5koBiPypML9qccAd2sNrZCEGIqB+5+eGoEsV28RC9Y8XTeg5UJeBLoWf"
        "ANnDnPJ6Jat7aiSweVZnmnY6+AXr1tqZM/59VrwZFIkGmBy/zXe/Kzdx2Vppl3rJpPMIUBCiBlTABCb5tzRg"
        "h+t++A=="};

inline constexpr Vector kPrefixInside{
        "<MsgBody xmlns:x='urn:x'><x:A/></MsgBody>",
        "QRP2NNS3qM7zJAON/PeLgARekJ61wLLU8UflP/M/xLb9BBNFJr+3eyQwq2ZQjMRW45hSqt9cm1bu/YrzfXmM"
        "JzoHf77y61CVWSClsJUv6i0sZw6tQ0Yk2oXEx6q17qiv6/0UEZKgRQ084LBtZcZXvAwGHad+7A+zUhggcT5+"
        "RD5Eo5pyRYosjRW0PxYmgrqm0PoRYe0rmtd0VvCs2N4GgBMLkqQdRhW+Xtmi3HEGHyF+cLTVW1qatQFP/0vX"
        "uHD7SNrGMBv+QzVNg3wIp0y4+mlr7t2uawd24gabfQ7ouLMBKVrq4piDya3YuJRa3lt2Ro5du6ZhVHr9HOYj"
        "PjE3kA=="};

inline constexpr Vector kOtherNamespace{
        "<MsgBody xmlns='urn:x'><A/></MsgBody>",
        "ko5tEFY9Wn9AhO5Yo46Aennl5/9TKDWIIXJy6se7OK+ifNMAw3LrMxcoEGDMgtvqrlGgHA+GHjReowJPbpnV"
        "BzDR93w0b7N0HtNHU6KGARDCCZwlO1fGL0aiibY2L05w7nPFrveZplhJeRSnUo52oxP6gssVHQE8zaA+DYgh"
        "BHjJj3tu9UVdHv61f5jbpD/Pmfz7JSpdLmv5np7X2rELSmR7yeO/XUMAjKny1jtDPGOxp1uUycRhZoPdAUen"
        "NJl63T0dgbMjn7dkNM5U8eYlOsiyeDzcAhwQvaqTBUrh6JjFtq9QBTq9oqTxLDHQ4fdFChxOtQQ7FnbY27zd"
        "xHVidQ=="};

inline constexpr Vector kPrefixOutside{
        "<MsgBody><A xsi:nil=\"true\"/></MsgBody>",
        "Xp/ef3X5jaMeuV/lYoT+f2aIwtyDPliWuGYSnf5ay6fnUKLp0yRMClK4YF1HeDwR4S7jJbDEtiT/4KgNMgMt"
        "zt0qMQZwpbT8Agn1uUM6+h598fxStRfr4rHUms3WLH5uLhhe7NZ85JKqF2Ehj+Z05dtczl4AHco6VVheMm9s"
        "EMsPWdEXMzYK8nN0lJ/nXVBMA7Mtpc5tofDTwIU62tdyvqTxdeV/HVaaa6s/TdZn7yLCS6mxJvd4Av1DdZGS"
        "ppr4CJyd+l6jzOYRe/GnnYD4721RFPZ/RFyA2haCxI0O18HKpuU7M1pd3ujnAqiaSB0gvgz1/cAVXbR7/Hdl"
        "2+EoiQ=="};

inline constexpr Vector kDotnet{
        "<MsgBody>\r\n    <AcctInfo>\r\n      <BillingNo>202600000015</BillingNo>\r\n    </Ac"
        "ctInfo>\r\n    <ServiceType>GAM</ServiceType>\r\n    <PayerInfo />\r\n  </MsgBody>",
        "Wv4pq8EW+7Buwrb7gDHv69ncGiLhRA0ZP5oLC0kM8RELfkR0fiqau9ybd18VJWOntIJlas2Fms8oBc2kVxKZ"
        "WhqvL4id/ahFSb4Mz+meUW9/ExxSEhgmafaiPenv8FGVZR+V6Cy+ouo3JICkZPUX2fnT3M3TEHd0DHVe0wuc"
        "H2JhkHwvrhT3UjEI/ugZQ4UB2zhTrwsochvzf0KCHLCArfSnVSQw5A1akIjgrPNLAmMEh+VkmtWJLmpNVLHN"
        "qp3rS5stznWALLOnnQOjm1XyKwlEqwlnus9PNYNQ3Mxswh4m/QjQs7oMoP9RUEPjv7YopgRxHE0lxS4/B8/z"
        "YrDYNQ=="};

inline constexpr Vector kDotnetForm{
        "<MsgBody>\r\n  <AcctInfo>\r\n    <BillingNo>202600000015</BillingNo>\r\n  </AcctInfo"
        ">\r\n  <PayerInfo />\r\n</MsgBody>",
        "qfb5b2IJT8wbfIJ6f894EZnJ9ArsYTu4BYYkY/GXPlocEDw0xFnhqNi7dJlQLWkgTfQGF0WzqX5vU0SuxCCD"
        "H4MdZf8Txwx07HgCsFqorH8mgZiQOG0mijUyoXpZuH6Y9BTyPMH/bjEhAGXndc2iIq+zzkXJ9iNTBsi7ratq"
        "dGUO7zDYu5w9DXdCMaTKXXcpxC43T5YLswezJjvAyghjOOp9HGI1tpC/4RAT9E8gr89QZ6hmj+dSmVPTQXtu"
        "YIHI+C7VOmTFw0c5nK02V7BWjhe/HrW+eofW+45ZZ5iXt4NBzDeIaAOnt6EadpwLfToTqEJXHnWeOSqh4HH5"
        "u6roXw=="};

inline constexpr Vector kPlainForm{
        "<MsgBody><AcctInfo><BillingNo>202600000015</BillingNo></AcctInfo><PayerInfo/></MsgBo"
        "dy>",
        "TAu9DH5sHFCjk2kOWgQiBIScvDZttt/WOGyo52ssMFzPP34RuEXw0NlpfQyQzugSUsJSFwvgn0MdaZdFhcBs"
        "gl+OKAFAFHSMuwTlHeKh9zoSoMRw42LFdHkk1ZjS2NQBZn+7zQFm4Vl4L49zclCG+ispPpdVvbswRllfKiZe"
        "yRFzzPHo6iipP4a4cp6rbYa5U9mo4jnEHbryRegDB/6npODJwP3yMjceR986pSUvod9VOb7EtfGjkJVkrFfU"
        "akeOJ13Fge//Q1a4hJwpWsmnrev3VAB8Uqjvi/sLXxh/K5Qy52SKxsnWyWQ87b6U27hSuSg9QD/nBaX0o2XL"
        "Rc++ug=="};

inline constexpr Vector kBill{
        "<MsgBody><AcctInfo><BillingNo>202600000015</BillingNo></AcctInfo><ServiceType>GAM</S"
        "erviceType></MsgBody>",
        "Cp5rTZfx2pYIoGAwRCsX6M186BHAQh+cc4SeaRuRaShYFvTu6QOfZA+xUIAMW45ZeqMpS6AHLssXQXIIVJjz"
        "cPNm1ODoZ9I7DgkzaNPjrT6ApNvr6AQaUBBqHl0CZCPloSbiyr/Wy4XAfM6BXRVZyzCIgUaDhGjQRw65I8CD"
        "1m3vGQMG0pw+D5XaTUhytrCtJQNxt0ZjYC5I9VQ5igoWvvP15eJxMOiAUaKqnNAuzw3T9flcLtVuuYoaxAJ8"
        "J5U88p3tSqGNEiBTgpwPB1G0tHrw0o8tFi5q3PRnElLM6V5/CLWANSjZhK/iflzwC88wpA2ZNIWF1ppH2zpL"
        "bYJWfQ=="};

}  // namespace masar::test

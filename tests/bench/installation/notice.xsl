<?xml version="1.0" encoding="UTF-8"?>
<!-- mappings/bench/notice.map.xml in XSLT 1.0: the ceiling's side of the workload "mapping". -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
                xmlns:o="urn:masar:bench:order:1" xmlns:n="urn:masar:bench:notice:1"
                exclude-result-prefixes="o">
  <xsl:output method="xml" encoding="UTF-8" omit-xml-declaration="yes" indent="no"/>
  <xsl:strip-space elements="*"/>
  <xsl:template match="/o:Order">
    <n:Notice>
      <n:order><xsl:value-of select="o:number"/></n:order>
      <n:placedAt><xsl:value-of select="o:placed"/></n:placedAt>
      <n:to><xsl:value-of select="normalize-space(o:buyer/o:name)"/></n:to>
      <n:phone><xsl:value-of select="translate(o:buyer/o:phone, '٠١٢٣٤٥٦٧٨٩', '0123456789')"/></n:phone>
      <n:address><xsl:value-of select="o:buyer/o:street"/>, <xsl:value-of select="o:buyer/o:area"/>, <xsl:value-of select="o:buyer/o:city"/></n:address>
      <n:lines>
        <xsl:for-each select="o:line">
          <n:line article="{o:article}">
            <n:text><xsl:value-of select="o:text"/></n:text>
            <n:quantity><xsl:value-of select="o:quantity"/></n:quantity>
            <n:amount><xsl:value-of select="o:amount"/></n:amount>
            <xsl:choose>
              <xsl:when test="o:state = 'ready'"><n:when>today</n:when></xsl:when>
              <xsl:otherwise><n:when>later</n:when></xsl:otherwise>
            </xsl:choose>
          </n:line>
        </xsl:for-each>
      </n:lines>
      <xsl:if test="o:remark"><n:remark><xsl:value-of select="o:remark"/></n:remark></xsl:if>
      <n:currency><xsl:value-of select="o:currency"/></n:currency>
      <n:reference><xsl:value-of select="o:reference"/></n:reference>
    </n:Notice>
  </xsl:template>
</xsl:stylesheet>
